"""The web UI in real headless Chromium against a real controller with real agents.

    RINGWALL_AGENT, RINGWALL_CLI, RINGWALL_CONTROLLER_PROGRAM   what is tested, as in tests/e2e
    RINGWALL_UI_MODULES      folder with playwright-core and axe-core (control/ui/web/node_modules)
    RINGWALL_UI_SCREENSHOTS  folder for pictures of the pages, none when unset
"""

import os
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from browser import MODULES, Browser  # noqa: E402
from fleet import Fleet  # noqa: E402
from story import Story  # noqa: E402

SKIPPED = 77  # as ctest's SKIP_RETURN_CODE


def missing():
    """What this machine lacks, in words; empty when nothing."""
    if not shutil.which("node"):
        return "node is not installed"
    if not shutil.which(os.environ.get("RINGWALL_CHROMIUM", "chromium")):
        return "chromium is not installed"
    if not os.path.isdir(f"{MODULES}/playwright-core"):
        return f"playwright-core is not in {MODULES}: run npm ci in control/ui/web"
    return ""


class Ui(Story):
    @classmethod
    def build(cls):
        cls.fleet = Fleet(cls.lab)
        cls.fleet.seed()
        cls.browser = Browser(cls.fleet.head, cls.fleet.controller, cls.fleet.asks())
        cls.addClassCleanup(cls.browser.close)


# Scenario by scenario, each from a fresh page that is logged in.
SCENARIOS = {
    "shell": ["a_wrong_token_is_told", "a_token_logs_in_for_this_tab_only", "nothing_comes_from_elsewhere",
              "colours_follow_the_system_and_the_switch", "keys_lead_to_pages", "a_viewer_may_look_and_change_nothing"],
    "flows": ["both_ends_are_shown", "a_wrong_filter_is_told_at_its_place", "filters_columns_and_views_are_kept",
              "what_is_shown_is_exported", "keys_move_and_open", "new_flows_come_in_while_followed",
              "a_time_between_two_is_kept_in_the_address", "looks_right"],
    "map": ["groups_and_lines_are_drawn", "a_group_is_found_and_opened", "a_line_is_clicked_and_explained",
            "groupings_and_places_are_kept", "a_new_connection_comes_up_by_itself", "it_is_exported",
            "the_table_says_the_same", "a_rule_for_a_connection_is_offered", "the_draft_is_shown",
            "the_staged_draft_is_shown", "looks_right"],
    "time": ["a_window_is_moved_with_keys", "a_window_is_dragged", "without_activity_the_map_works"],
    "groups": ["an_app_folds_and_unfolds_in_place", "a_folded_app_is_explained", "a_group_shows_its_workloads"],
    "workloads": ["labels_choose_and_health_is_shown", "a_workload_tells_who_listens_and_who_came",
                  "why_is_answered", "what_may_reach_it_is_said", "suggested_labels_are_set_after_a_question",
                  "looks_right"],
    "policy": ["rules_are_sentences", "a_draft_is_staged_provisioned_confirmed_and_rolled_back",
               "a_version_can_be_taken_back", "rules_are_proposed_from_traffic",
               "a_draft_is_held_against_recorded_flows", "rules_tell_what_they_decided"],
    "editor": ["a_rule_set_is_written", "what_is_wrong_stands_at_its_field",
               "a_stale_edit_is_told_what_changed", "a_viewer_sees_no_editor"],
    "progress": ["what_blocks_the_next_step_is_named", "exposure_is_told_before_and_after"],
    "safety": ["hostile_names_are_text"],
    "load": ["a_large_map_opens_and_pans"],
    "recovery": ["the_page_recovers_when_the_controller_does"],
}


def test_of(scenario):
    def test(self):
        told = self.browser.run(scenario)
        if told:
            print(f"{scenario}: {told}", file=sys.stderr)
    return test


for _file, _names in SCENARIOS.items():
    for _name in _names:
        setattr(Ui, f"test_{_file}_{_name}", test_of(f"{_file}/{_name}"))


if __name__ == "__main__":
    if lacking := missing():
        print(f"skipped: {lacking}")
        sys.exit(SKIPPED)
    unittest.main()
