//! That the corpus covers what it claims to: every stage, every status and every code of a refusal.

use std::collections::BTreeSet;

use super::corpus;

/// Every refusal there is, as cases write them. A new one belongs here, and needs a case. What other services say
/// is no refusal of ours (tests/live/asking).
const REFUSALS: [&str; 41] = [
    "400 head malformed_request",
    "400 head malformed_target",
    "408 head head_timeout",
    "414 head target_too_long",
    "417 head expectation_failed",
    "421 head misdirected_request",
    "431 head head_too_large",
    "505 head version_not_supported",
    "404 route unknown_path",
    "405 route method_not_allowed",
    "403 access address_denied",
    "400 access unknown_client_address",
    "429 guard too_many_failures",
    "429 guard listener_spent",
    "401 authenticate unauthenticated",
    "400 authenticate ambiguous_credentials",
    "503 authenticate authenticator_unavailable",
    "429 rate_limit rate_limited",
    "403 authorize insufficient_scope",
    "403 authorize claim_not_allowed",
    "415 media_type unsupported_media_type",
    "415 media_type unsupported_coding",
    "400 media_type repeated_content_type",
    "406 media_type not_acceptable",
    "422 params invalid_parameters",
    "413 body body_too_large",
    "408 body body_timeout",
    "400 body body_incomplete",
    "400 body body_misframed",
    "400 body digest_mismatch",
    "400 body body_missing",
    "413 body decoded_body_too_large",
    "400 body undecodable_body",
    "400 body malformed_json",
    "400 body malformed_form",
    "503 body buffers_full",
    "503 body spool_failed",
    "422 schema schema_violated",
    "502 forward upstream_unreachable",
    "502 forward upstream_broken",
    "504 forward upstream_timeout",
];

#[test]
fn every_refusal_has_a_case() {
    let corpus = corpus();
    let steps = corpus.iter().flat_map(|placed| &placed.case.steps);
    let written: BTreeSet<&str> = steps.filter_map(|step| step.refused.as_deref()).collect();
    let known: BTreeSet<&str> = REFUSALS.into_iter().collect();
    let missing: Vec<_> = known.difference(&written).collect();
    let unknown: Vec<_> = written.difference(&known).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "no case for {missing:?}; unknown to this list: {unknown:?}");
}

#[test]
fn a_case_is_found_by_its_name() {
    let corpus = corpus();
    let labels: BTreeSet<String> = corpus.iter().map(|placed| placed.label()).collect();
    assert_eq!(labels.len(), corpus.len(), "two cases of one file have the same name");
    assert!(corpus.len() >= 150, "{} cases are left", corpus.len());
}
