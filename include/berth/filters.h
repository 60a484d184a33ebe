/// Filters: which documents are meant, in Haystack's words.
#pragma once

#include "berth/document.h"
#include "berth/value.h"

namespace berth {

/// Whether `filters` match `document`. A filter is a comparison or a logical condition of several:
///
///     {"operator": "AND", "conditions": [
///       {"field": "meta.page", "operator": ">", "value": 3},
///       {"field": "meta.date", "operator": "<=", "value": "2024-05-01"}]}
///
/// Comparisons: == != > >= < <= in, not in; logic: AND, OR, NOT (not all of them). Equality and order are Python's (1,
/// 1.0 and true are equal); texts are ordered as dates; an absent field is null, and null is neither before nor after anything.
/// Conditions are looked at from the left until the answer is known. Throws std::invalid_argument for what is no filter.
bool document_matches_filter(const Value::Object& filters, const Document& document);

}  // namespace berth
