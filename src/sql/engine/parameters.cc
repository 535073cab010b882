#include "sql/engine/parameters.h"

#include "sql/engine/session_state.h"

namespace tarn::sql::engine {
namespace {

constexpr std::string_view kAlias = "tarn parameter ";

}  // namespace

ParsedPtr unknown_parameter(const std::string& name) {
  ParsedPtr null = literal(duckdb::Value(duckdb::LogicalType::VARCHAR));
  null->SetAlias(std::string(kAlias) + name);
  return null;
}

void note_parameter(duckdb::ClientContext& context, const duckdb::Expression& expression,
                    const duckdb::LogicalType& type) {
  const std::string& alias = expression.GetAlias();
  if (!alias.starts_with(kAlias)) return;
  if (type.id() == duckdb::LogicalTypeId::SQLNULL || type.id() == duckdb::LogicalTypeId::ANY) return;
  if (const auto session = SessionState::of(context))
    session->parameters.try_emplace(alias.substr(kAlias.size()), type);
}

}  // namespace tarn::sql::engine
