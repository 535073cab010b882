// Functions of the session: now, who, where. They become values when a statement is bound, not when it is rewritten, so that a
// column's DEFAULT and a view hold the function and not what it was when they were made.
#include "sql/engine/functions.h"
#include "sql/engine/session_state.h"

namespace tarn::sql::engine {
namespace {

using duckdb::Expression;
using duckdb::FunctionBindExpressionInput;
using duckdb::unique_ptr;
using duckdb::Value;

duckdb::timestamp_t moment(const StatementContext& context) {
  return duckdb::timestamp_t(context.now.micros);
}

Value timestamp(const StatementContext& context) {
  return Value::TIMESTAMP(moment(context));
}
Value timestamptz(const StatementContext& context) {
  return Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(moment(context)));
}
Value date(const StatementContext& context) {
  return Value::DATE(duckdb::Timestamp::GetDate(moment(context)));
}
Value time(const StatementContext& context) {
  return Value::TIME(duckdb::Timestamp::GetTime(moment(context)));
}
Value user(const StatementContext& context) {
  return Value(context.user);
}
Value database(const StatementContext& context) {
  return Value(context.database);
}
Value schema(const StatementContext& context) {
  return Value(context.search_path.empty() ? "public" : context.search_path[0]);
}

template <Value (*value)(const StatementContext&)>
unique_ptr<Expression> bind(FunctionBindExpressionInput& input) {
  const auto session = SessionState::of(input.context);
  return constant(value(session ? session->context : StatementContext{}));
}

}  // namespace

void add_session(Registry& registry) {
  registry.add(typed("getdate", 0, bind<timestamp>));
  registry.add(typed("now", 0, bind<timestamptz>));
  registry.add(typed("today", 0, bind<date>));
  registry.add(typed("time_now", 0, bind<time>));
  registry.add(typed("this_user", 0, bind<user>));
  registry.add(typed("this_database", 0, bind<database>));
  registry.add(typed("this_schema", 0, bind<schema>));
}

}  // namespace tarn::sql::engine
