// ListDatabases, ListSchemas, ListTables, DescribeTable: questions to the system views, answered at once.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "os/random.h"
#include "os/scratch.h"
#include "services/redshift_data/host.h"
#include "services/redshift_data/redshift_data.h"
#include "services/redshift_data/target.h"
#include "sql/spool.h"
#include "store/page_token.h"

namespace tarn::redshift_data {
namespace {

constexpr int32_t kPage = 1000;  // AWS: MaxResults of the four: 0 to 1,000

using Row = std::vector<std::optional<std::string>>;

template <class Input>
Status check_target(const Input& in) {
  if (in.secret_arn) return invalid("SecretArn is not supported: leave it out.");
  if (in.db_user && !in.cluster_identifier) return invalid("DbUser is for clusters: leave it out.");
  if (in.workgroup_name.has_value() == in.cluster_identifier.has_value())
    return invalid("Either WorkgroupName or ClusterIdentifier must be given.");
  if (in.max_results && (*in.max_results < 0 || *in.max_results > kPage))
    return invalid(fmt::format("MaxResults must be between 0 and {}.", kPage));
  return {};
}

// All rows of a query that is run for the caller in a session of its own.
Result<std::vector<Row>> ask(RedshiftData& service, Call& call, const Workgroup& workgroup, const std::string& database,
                             const std::string& sql) {
  const auto session = TRY(service.new_session(call.principal(), workgroup, database, std::nullopt));
  if (session->database == workgroup.database) TRY(session->warehouse->ensure_database(session->database));
  const auto actor = std::make_shared<Actor>(service.door(), call.caller(), workgroup);
  StatementHost host(*session->warehouse, actor, session->database, "");
  const Fd file = TRY(memory_file());
  const auto statements = TRY(sql::split_statements(sql));
  const auto outcome = session->sql->run(host, statements[0], {.statement_id = "", .spool = file.get()});
  if (!outcome) return invalid(error_text(outcome.error()));
  const sql::SpoolReader reader = TRY(sql::SpoolReader::open(file.get()));
  std::vector<Row> rows;
  for (size_t p = 0; p < reader.pages(); ++p) {
    const sql::SpoolPage page = TRY(reader.page(p));
    for (uint32_t r = 0; r < page.rows(); ++r) {
      Row& row = rows.emplace_back();
      for (size_t c = 0; c < reader.columns().size(); ++c) {
        const sql::Cell cell = page.cell(r, c);
        row.push_back(cell.null ? std::nullopt : std::optional(cell.as_text()));
      }
    }
  }
  return rows;
}

// The page of rows that the input asks for, and the next one's token.
template <class Input>
Result<std::vector<Row>> page(RedshiftData& service, const Input& in, std::string_view request, std::vector<Row> rows,
                              std::optional<std::string>& next) {
  size_t first = 0;
  if (in.next_token && !in.next_token->empty()) {
    const auto position = page_position(service.door().store(), request, *in.next_token);
    if (!position) return invalid("The NextToken is not one that this operation gave.");
    first = static_cast<size_t>(parse_int(*position).value_or(0));
  }
  const auto asked = static_cast<size_t>(in.max_results.value_or(0));
  const size_t limit = asked == 0 ? kPage : asked;
  const size_t last = std::min(rows.size(), first + limit);
  if (last < rows.size()) next = page_token(service.door().store(), request, std::to_string(last));
  if (first > last) return std::vector<Row>{};
  return std::vector<Row>(rows.begin() + static_cast<ptrdiff_t>(first), rows.begin() + static_cast<ptrdiff_t>(last));
}

std::string like(std::string_view column, const std::optional<std::string>& pattern) {
  return pattern && !pattern->empty() ? fmt::format(" AND {} LIKE {}", column, sql::quoted_string(*pattern)) : "";
}

}  // namespace

Result<std::vector<Need>> list_databases_rights(RedshiftData&, Call& call, const ListDatabasesRequest& in) {
  return target_needs(call, target_of(in), "redshift-data:ListDatabases");
}

Result<ListDatabasesResponse> list_databases(RedshiftData& service, Call& call, const ListDatabasesRequest& in) {
  TRY(check_target(in));
  const Workgroup workgroup = TRY(open_target(call, target_of(in)));
  const auto warehouse = service.warehouse(workgroup.namespace_id);
  TRY(warehouse->ensure_database(workgroup.database));
  std::vector<Row> rows;
  for (const std::string& name : TRY(warehouse->engine().list_databases())) rows.push_back({name});
  std::ranges::sort(rows);
  ListDatabasesResponse out;
  out.databases.set_present();
  for (const Row& row : TRY(page(service, in, "ListDatabases " + workgroup.arn, std::move(rows), out.next_token)))
    out.databases.push_back(row[0].value_or(""));
  return out;
}

Result<std::vector<Need>> list_schemas_rights(RedshiftData&, Call& call, const ListSchemasRequest& in) {
  return target_needs(call, target_of(in), "redshift-data:ListSchemas");
}

Result<ListSchemasResponse> list_schemas(RedshiftData& service, Call& call, const ListSchemasRequest& in) {
  TRY(check_target(in));
  const Workgroup workgroup = TRY(open_target(call, target_of(in)));
  auto rows = TRY(
      ask(service, call, workgroup, *in.database,
          "SELECT schema_name FROM svv_all_schemas WHERE database_name = " + sql::quoted_string(lower(*in.database)) +
              like("schema_name", in.schema_pattern) + " ORDER BY 1"));
  ListSchemasResponse out;
  out.schemas.set_present();
  for (const Row& row : TRY(page(service, in, "ListSchemas " + workgroup.arn, std::move(rows), out.next_token)))
    out.schemas.push_back(row[0].value_or(""));
  return out;
}

Result<std::vector<Need>> list_tables_rights(RedshiftData&, Call& call, const ListTablesRequest& in) {
  return target_needs(call, target_of(in), "redshift-data:ListTables");
}

Result<ListTablesResponse> list_tables(RedshiftData& service, Call& call, const ListTablesRequest& in) {
  TRY(check_target(in));
  const Workgroup workgroup = TRY(open_target(call, target_of(in)));
  auto rows = TRY(ask(service, call, workgroup, *in.database,
                      "SELECT table_name, table_type, schema_name FROM svv_all_tables WHERE database_name = " +
                          sql::quoted_string(lower(*in.database)) + like("schema_name", in.schema_pattern) +
                          like("table_name", in.table_pattern) + " ORDER BY schema_name, table_name"));
  ListTablesResponse out;
  out.tables.set_present();
  for (const Row& row : TRY(page(service, in, "ListTables " + workgroup.arn, std::move(rows), out.next_token)))
    out.tables.push_back({.name = row[0], .type = row[1], .schema = row[2]});
  return out;
}

Result<std::vector<Need>> describe_table_rights(RedshiftData&, Call& call, const DescribeTableRequest& in) {
  return target_needs(call, target_of(in), "redshift-data:DescribeTable");
}

Result<DescribeTableResponse> describe_table(RedshiftData& service, Call& call, const DescribeTableRequest& in) {
  TRY(check_target(in));
  if (!in.table) return invalid("Table must be given.");
  const Workgroup workgroup = TRY(open_target(call, target_of(in)));
  auto rows =
      TRY(ask(service, call, workgroup, *in.database,
              "SELECT column_name, data_type, is_nullable, character_maximum_length, numeric_precision, numeric_scale, "
              "column_default, schema_name FROM svv_all_columns WHERE database_name = " +
                  sql::quoted_string(lower(*in.database)) +
                  " AND schema_name = " + sql::quoted_string(lower(in.schema.value_or("public"))) +
                  " AND table_name = " + sql::quoted_string(lower(*in.table)) + " ORDER BY ordinal_position"));
  DescribeTableResponse out;
  out.table_name = lower(*in.table);
  out.column_list.set_present();
  const auto number = [](const std::optional<std::string>& text) {
    return static_cast<int32_t>(parse_int(text.value_or("")).value_or(0));
  };
  for (const Row& row : TRY(page(service, in, "DescribeTable " + workgroup.arn, std::move(rows), out.next_token))) {
    ColumnMetadata& column = out.column_list.emplace_back();
    column.name = row[0];
    column.label = row[0];
    column.type_name = row[1];
    column.nullable = row[2] == "NO" ? 0 : 1;
    column.length = number(row[3]) != 0 ? number(row[3]) : number(row[4]);
    column.precision = number(row[4]);
    column.scale = number(row[5]);
    column.column_default = row[6];
    column.schema_name = row[7];
    column.table_name = out.table_name;
    column.is_case_sensitive = number(row[3]) != 0;
    column.is_currency = false;
    column.is_signed = number(row[4]) != 0;
  }
  return out;
}

}  // namespace tarn::redshift_data
