#include "sql/federated.h"

#include <algorithm>

#include "base/json.h"
#include "sql/sql_error.h"

namespace tarn::sql {
namespace {

constexpr std::string_view kOperators[] = {"=", "<>", "<", "<=", ">", ">=", "IN", "IS NULL", "IS NOT NULL"};

Json list(const std::vector<std::string>& texts) {
  Json all = Json::array();
  for (const std::string& text : texts) all.push(text);
  return all;
}

std::vector<std::string> texts(const Json& list) {
  std::vector<std::string> all;
  for (const Json& item : list.items()) all.push_back(item.as_string());
  return all;
}

}  // namespace

std::string text_of(const FederatedSource& source) {
  return Json::object({{"DATABASE", source.database},
                       {"SCHEMA", source.schema},
                       {"URI", source.host},
                       {"PORT", int64_t{source.port}},
                       {"SECRET_ARN", source.secret_arn}})
      .text();
}

std::optional<FederatedSource> federated_source_of(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json || !json->is_object()) return std::nullopt;
  return FederatedSource{(*json)["DATABASE"].as_string(), (*json)["SCHEMA"].as_string(), (*json)["URI"].as_string(),
                         static_cast<uint16_t>((*json)["PORT"].as_int()), (*json)["SECRET_ARN"].as_string()};
}

std::string federated_database(std::string_view schema) {
  return std::string(kFederatedScheme) + std::string(schema);
}

std::optional<std::string> federated_schema(std::string_view database) {
  if (!database.starts_with(kFederatedScheme)) return std::nullopt;
  return std::string(database.substr(kFederatedScheme.size()));
}

std::string uri_of(const FederatedQuery& query) {
  Json filters = Json::array();
  for (const FederatedFilter& filter : query.filters)
    filters.push(Json::object({{"column", filter.column}, {"op", filter.op}, {"values", list(filter.values)}}));
  return std::string(kFederatedScheme) + Json::object({{"schema", query.schema},
                                                       {"table", query.table},
                                                       {"columns", list(query.columns)},
                                                       {"filters", std::move(filters)}})
                                             .text();
}

Result<FederatedQuery> federated_query_of(std::string_view uri) {
  const auto malformed = [] { return sql_error(kInternalError, "the question for a federated table is malformed"); };
  if (!uri.starts_with(kFederatedScheme)) return malformed();
  const auto json = Json::parse(uri.substr(kFederatedScheme.size()));
  if (!json || !json->is_object()) return malformed();
  FederatedQuery query{(*json)["schema"].as_string(), (*json)["table"].as_string(), texts((*json)["columns"]), {}};
  for (const Json& item : (*json)["filters"].items()) {
    FederatedFilter filter{item["column"].as_string(), item["op"].as_string(), texts(item["values"])};
    const bool unary = filter.op.starts_with("IS ");
    const bool known = std::ranges::find(kOperators, filter.op) != std::end(kOperators);
    if (!known || filter.values.empty() != unary || (filter.op != "IN" && filter.values.size() > 1)) return malformed();
    query.filters.push_back(std::move(filter));
  }
  return query;
}

}  // namespace tarn::sql
