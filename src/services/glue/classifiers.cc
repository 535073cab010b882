// Custom classifiers: what users say of their files' formats.
#include <fmt/format.h>

#include "door/door.h"
#include "lake/file_schema.h"
#include "services/glue/crawler_records.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

constexpr int32_t kPage = 100;

ClassifierKey key_of(Call& call, const OptionalText& name) {
  return {call.account(), call.region(), name.value_or("")};
}

// What is given replaces what was there: requests to create and to update have the same members.
template <class In>
Status take_csv(ClassifierRecord& record, const In& in) {
  if (in.custom_datatype_configured) record.types_configured = in.custom_datatype_configured;
  if (in.delimiter) record.delimiter = in.delimiter;
  if (in.quote_symbol) record.quote = in.quote_symbol;
  if (in.delimiter && in.quote_symbol && *in.delimiter == *in.quote_symbol)
    return invalid_input("The quote symbol must be different from the column delimiter.");
  if (in.contains_header) record.contains_header = in.contains_header;
  if (in.header.has_value()) record.header = in.header.items();
  if (in.custom_datatypes.has_value()) record.types = in.custom_datatypes.items();
  if (in.disable_value_trimming) record.disable_value_trimming = in.disable_value_trimming;
  if (in.allow_single_column) record.allow_single_column = in.allow_single_column;
  if (in.serde) record.serde = in.serde;
  return {};
}

Status check_grok(const ClassifierRecord& record) {
  const auto tried = lake::inspect_grok({.text = "x"}, record.grok_pattern, record.custom_patterns.value_or(""), "x");
  if (!tried) return Failure(tried.error());
  return {};
}

// The one of the four that is given, and its name.
template <class In>
Result<std::pair<std::string, std::string>> kind_and_name(const In& in) {
  std::vector<std::pair<std::string, std::string>> given;
  if (in.grok_classifier) given.emplace_back("grok", in.grok_classifier->name.value_or(""));
  if (in.xml_classifier) given.emplace_back("xml", in.xml_classifier->name.value_or(""));
  if (in.json_classifier) given.emplace_back("json", in.json_classifier->name.value_or(""));
  if (in.csv_classifier) given.emplace_back("csv", in.csv_classifier->name.value_or(""));
  if (given.size() != 1)
    return invalid_input("Exactly one of GrokClassifier, XMLClassifier, JsonClassifier and CsvClassifier is required.");
  return given[0];
}

template <class In>
Status take(ClassifierRecord& record, const In& in) {
  if (in.grok_classifier) {
    if (in.grok_classifier->classification) record.classification = *in.grok_classifier->classification;
    if (in.grok_classifier->grok_pattern) record.grok_pattern = *in.grok_classifier->grok_pattern;
    if (in.grok_classifier->custom_patterns) record.custom_patterns = in.grok_classifier->custom_patterns;
    return check_grok(record);
  }
  if (in.xml_classifier) {
    if (in.xml_classifier->classification) record.classification = *in.xml_classifier->classification;
    if (in.xml_classifier->row_tag) record.row_tag = *in.xml_classifier->row_tag;
    return {};
  }
  if (in.json_classifier) {
    if (in.json_classifier->json_path) record.json_path = *in.json_classifier->json_path;
    return {};
  }
  return take_csv(record, *in.csv_classifier);
}

Classifier to_wire(const ClassifierKey& key, const ClassifierRecord& r) {
  const auto version = static_cast<int64_t>(r.version);
  Classifier out;
  if (r.kind == "grok")
    out.grok_classifier = GrokClassifier{.name = key.name,
                                         .classification = r.classification,
                                         .creation_time = r.created,
                                         .last_updated = r.updated,
                                         .version = version,
                                         .grok_pattern = r.grok_pattern,
                                         .custom_patterns = r.custom_patterns};
  if (r.kind == "xml")
    out.xml_classifier = XMLClassifier{.name = key.name,
                                       .classification = r.classification,
                                       .creation_time = r.created,
                                       .last_updated = r.updated,
                                       .version = version,
                                       .row_tag = r.row_tag};
  if (r.kind == "json")
    out.json_classifier = JsonClassifier{.name = key.name,
                                         .creation_time = r.created,
                                         .last_updated = r.updated,
                                         .version = version,
                                         .json_path = r.json_path};
  if (r.kind == "csv") {
    CsvClassifier csv{.name = key.name,
                      .creation_time = r.created,
                      .last_updated = r.updated,
                      .version = version,
                      .delimiter = r.delimiter,
                      .quote_symbol = r.quote,
                      .contains_header = r.contains_header,
                      .disable_value_trimming = r.disable_value_trimming,
                      .allow_single_column = r.allow_single_column,
                      .custom_datatype_configured = r.types_configured,
                      .serde = r.serde};
    if (!r.header.empty()) csv.header = r.header;
    if (!r.types.empty()) csv.custom_datatypes = r.types;
    out.csv_classifier = std::move(csv);
  }
  return out;
}

Failure no_classifier(std::string_view name) {
  return not_found(fmt::format("Classifier {} not found.", name));
}

}  // namespace

Result<CreateClassifierResponse> create_classifier(Glue&, Call& call, const CreateClassifierRequest& in) {
  const auto [kind, name] = TRY(kind_and_name(in));
  const ClassifierKey key = key_of(call, name);
  if (TRY(call.get(kClassifiers, key))) return already_exists(fmt::format("Classifier {} already exists.", name));
  ClassifierRecord record{.created = call.now(), .updated = call.now(), .kind = kind};
  TRY(take(record, in));
  TRY(call.put(kClassifiers, key, record));
  return CreateClassifierResponse{};
}

Result<UpdateClassifierResponse> update_classifier(Glue&, Call& call, const UpdateClassifierRequest& in) {
  const auto [kind, name] = TRY(kind_and_name(in));
  const ClassifierKey key = key_of(call, name);
  auto record = TRY(call.get(kClassifiers, key));
  if (!record) return no_classifier(name);
  if (record->kind != kind)
    return invalid_input(
        fmt::format("Classifier {} is of the kind {}: it cannot become one of {}.", name, record->kind, kind));
  TRY(take(*record, in));
  record->updated = call.now();
  ++record->version;
  TRY(call.put(kClassifiers, key, *record));
  return UpdateClassifierResponse{};
}

Result<GetClassifierResponse> get_classifier(Glue&, Call& call, const GetClassifierRequest& in) {
  const ClassifierKey key = key_of(call, in.name);
  const auto record = TRY(call.get(kClassifiers, key));
  if (!record) return no_classifier(key.name);
  return GetClassifierResponse{.classifier = to_wire(key, *record)};
}

Result<GetClassifiersResponse> get_classifiers(Glue&, Call& call, const GetClassifiersRequest& in) {
  const std::string request = fmt::format("GetClassifiers {} {}", call.account(), call.region());
  const auto page = TRY(call.tx().scan(kClassifiers, {.prefix = prefix_of(kClassifiers, call.account(), call.region()),
                                                      .after = TRY(page_start(call, request, in.next_token)),
                                                      .limit = static_cast<size_t>(in.max_results.value_or(kPage))}));
  GetClassifiersResponse out;
  out.classifiers.set_present();
  for (const auto& [key, record] : page.entries) out.classifiers.push_back(to_wire(key, record));
  if (page.more) out.next_token = next_page(call, request, page.last);
  return out;
}

Result<DeleteClassifierResponse> delete_classifier(Glue&, Call& call, const DeleteClassifierRequest& in) {
  const ClassifierKey key = key_of(call, in.name);
  if (!TRY(call.get(kClassifiers, key))) return no_classifier(key.name);
  TRY(call.erase(kClassifiers, key));
  return DeleteClassifierResponse{};
}

}  // namespace tarn::glue
