/* Words that the server has not confirmed yet, kept in this browser: per person, card and field. */
(function () {
  "use strict";

  window.SignetStore = function (user, card) {
    const prefix = "signet-card:" + user + ":" + card + ":";
    let works = true;

    function guarded(work) {
      try { return work(); } catch { works = false; return null; }
    }
    function read(name) {
      const text = guarded(() => localStorage.getItem(prefix + name));
      return text ? guarded(() => JSON.parse(text)) : null;
    }
    function write(name, value) {
      guarded(() => value === null ? localStorage.removeItem(prefix + name) : localStorage.setItem(prefix + name, JSON.stringify(value)));
    }
    return {
      works: () => works,
      keep: (key, entry) => write("now:" + key, entry),
      confirmed: (key) => write("now:" + key, null),
      /* What was left by an earlier page: moved aside, so that new typing does not write over it. */
      left: (key, differs) => {
        const now = read("now:" + key);
        const found = (read("left:" + key) || []).concat(now ? [now] : []).filter(differs);
        const once = found.filter((entry, at) => found.findIndex((other) => other.text === entry.text) === at).slice(-5);
        write("now:" + key, null);
        write("left:" + key, once.length ? once : null);
        return once;
      },
      drop: (key, entry) => {
        const rest = (read("left:" + key) || []).filter((other) => other.text !== entry.text);
        write("left:" + key, rest.length ? rest : null);
      },
      /* The sections that hold text which no page has offered yet: {key: label}. */
      sections: () => {
        const found = {};
        (guarded(() => Object.keys(localStorage)) || []).filter((name) => name.startsWith(prefix)).forEach((name) => {
          const value = guarded(() => JSON.parse(localStorage.getItem(name)));
          [].concat(value || []).forEach((entry) => { found[entry.section] = entry.sectionLabel; });
        });
        return found;
      },
    };
  };
})();
