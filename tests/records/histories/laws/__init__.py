"""The laws of the data model, each a question to what one history left behind."""

from tests.records.histories.laws.asking import Law, LawBroken
from tests.records.histories.laws.of_contents import (
    a_checksum_means_a_content_that_has_it,
    a_result_names_the_contents_that_were_recorded,
    both_databases_hold_the_same,
    the_lineage_of_what_can_be_known_is_the_true_one,
)
from tests.records.histories.laws.of_derivations import (
    a_refused_call_writes_nothing,
    a_transfer_that_is_recorded_again_adds_nothing,
    activities_have_one_content_and_make_only_entities,
    no_derivation_is_lost,
    nothing_descends_from_itself,
)
from tests.records.histories.laws.of_records import (
    a_file_is_one_record_whatever_its_spelling,
    an_edit_changes_the_description_of_the_same_content,
    an_input_edits_nothing,
    every_version_reads_as_it_did,
    versions_count_from_one_and_the_newest_is_current,
    what_is_told_of_a_file_can_be_read,
)

LAWS: tuple[Law, ...] = (
    a_checksum_means_a_content_that_has_it,
    the_lineage_of_what_can_be_known_is_the_true_one,
    a_file_is_one_record_whatever_its_spelling,
    versions_count_from_one_and_the_newest_is_current,
    an_edit_changes_the_description_of_the_same_content,
    every_version_reads_as_it_did,
    what_is_told_of_a_file_can_be_read,
    an_input_edits_nothing,
    nothing_descends_from_itself,
    no_derivation_is_lost,
    activities_have_one_content_and_make_only_entities,
    a_refused_call_writes_nothing,
    a_transfer_that_is_recorded_again_adds_nothing,
    a_result_names_the_contents_that_were_recorded,
)

__all__ = [
    "LAWS",
    "Law",
    "LawBroken",
    "a_checksum_means_a_content_that_has_it",
    "a_file_is_one_record_whatever_its_spelling",
    "a_refused_call_writes_nothing",
    "a_result_names_the_contents_that_were_recorded",
    "a_transfer_that_is_recorded_again_adds_nothing",
    "activities_have_one_content_and_make_only_entities",
    "an_edit_changes_the_description_of_the_same_content",
    "an_input_edits_nothing",
    "both_databases_hold_the_same",
    "every_version_reads_as_it_did",
    "no_derivation_is_lost",
    "nothing_descends_from_itself",
    "the_lineage_of_what_can_be_known_is_the_true_one",
    "versions_count_from_one_and_the_newest_is_current",
    "what_is_told_of_a_file_can_be_read",
]
