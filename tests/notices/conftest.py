"""What the tests of notices share."""

from email.message import EmailMessage
from functools import partial

from gateway.notices import fixtures
from tests.headers import POLICY

fixtures.EmailMessage = partial(EmailMessage, POLICY)  # type: ignore[misc, assignment] # they are made into mails all the time
