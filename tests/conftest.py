"""What all tests share: assertions of the shipped contract are shown as those of a test file are."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("concurrent_strategies.testing")
