"""Where the files lie: in Django's default storage, under the hash of their content."""

import hashlib
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import IO

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from portal.errors import Upstream
from registry.cards.attachments.models import CardAttachment

logger = logging.getLogger(__name__)
FOLDER = "attachments"
PIECE = 64 * 1024
# An upload writes its file before its row; a file without one for so long belongs to nobody.
ORPHANED_AFTER = timedelta(days=1)
LOCK = 7_361_902


def digest_of(file: IO[bytes]) -> str:
    """SHA-256 of the content, in hex."""
    found = hashlib.sha256()
    file.seek(0)
    while piece := file.read(PIECE):
        found.update(piece)
    file.seek(0)
    return found.hexdigest()


def content_store(file: IO[bytes], sha256: str) -> str:
    """Store the content once and say under which name; Upstream when the storage fails.

    Two uploads of the same content at a time may store it twice, each under a name of its own,
    so that no one ever relies on a file that another is still writing.
    """
    known = CardAttachment.objects.filter(sha256=sha256).values_list("stored_as", flat=True).first()
    try:
        if known and default_storage.exists(known):
            return known
        file.seek(0)
        return default_storage.save(f"{FOLDER}/{sha256[:2]}/{sha256}", File(file))
    except Exception as error:  # each storage backend has errors of its own
        raise storage_failed(error) from error


def content_open(stored_as: str) -> IO[bytes]:
    """The stored content; Upstream when the storage does not give it."""
    try:
        return default_storage.open(stored_as, "rb")
    except Exception as error:
        logger.exception("attachment %s cannot be read", stored_as)
        raise Upstream(
            "The file is on record, but the file storage does not give it. Tell your platform "
            "admin; its hash above proves a copy from a backup.",
            permanent=False,
        ) from error


def storage_failed(error: Exception) -> Upstream:
    """What somebody reads whose file could not be stored."""
    logger.error("an attachment cannot be stored", exc_info=error)
    return Upstream(
        "The file could not be stored: the file storage is full or does not answer. Nothing was "
        "saved. Try again later; if it stays, tell your platform admin.",
        permanent=False,
    )


def content_keep(stored_as: str) -> None:
    """Hold off the removal of orphans until the row is there; Upstream if it was quicker."""
    _lock()
    if not default_storage.exists(stored_as):
        raise storage_failed(FileNotFoundError(stored_as))


def orphans_remove() -> int:
    """Remove old files that no row names, left by uploads that broke off; returns how many."""
    removed = 0
    for name in list(_stored()):
        if default_storage.get_modified_time(name) > timezone.now() - ORPHANED_AFTER:
            continue
        with transaction.atomic():
            _lock()
            if not CardAttachment.objects.filter(stored_as=name).exists():
                default_storage.delete(name)
                removed += 1
    return removed


def _stored() -> Iterator[str]:
    try:
        folders = default_storage.listdir(FOLDER)[0]
    except FileNotFoundError:
        return
    for folder in folders:
        for name in default_storage.listdir(f"{FOLDER}/{folder}")[1]:
            yield f"{FOLDER}/{folder}/{name}"


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
