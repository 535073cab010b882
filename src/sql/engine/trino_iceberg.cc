// Iceberg tables in queries: FOR .. AS OF, and the tables of their metadata ("t$snapshots" ..).
#include <algorithm>

#include "base/text.h"
#include "sql/engine/iceberg_bounds.h"
#include "sql/engine/iceberg_scan.h"
#include "sql/engine/session_state.h"
#include "sql/engine/trino_parser.h"

namespace tarn::sql::engine::trino {

using duckdb::LogicalType;
using duckdb::make_uniq;
using duckdb::Value;
using std::string;

namespace {

using Rows = duckdb::vector<duckdb::vector<Value>>;
using Columns = std::vector<std::pair<string, LogicalType>>;

const LogicalType kText = LogicalType::VARCHAR, kLong = LogicalType::BIGINT, kInt = LogicalType::INTEGER,
                  kMoment = LogicalType::TIMESTAMP_TZ;

Value moment(Time time) {
  return Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(time.micros));
}
Value long_or_null(const Json& value) {
  return value.is_number() ? Value::BIGINT(value.as_int()) : Value(kLong);
}
Value text_or_null(const string& text) {
  return text.empty() ? Value(kText) : Value(text);
}
// An array of pairs as a map of integers.
Value map_of(const Json& pairs, const LogicalType& type, const std::function<Value(const Json&, int)>& value) {
  const LogicalType map = LogicalType::MAP(kInt, type);
  if (!pairs.is_array()) return Value(map);
  duckdb::vector<Value> keys, values;
  for (const Json& pair : pairs.items()) {
    const int key = static_cast<int>(pair["key"].as_int());
    keys.push_back(Value::INTEGER(key));
    values.push_back(value(pair["value"], key));
  }
  return Value::MAP(kInt, type, std::move(keys), std::move(values));
}
Value list_of(const Json& items, const LogicalType& type) {
  if (!items.is_array()) return Value(LogicalType::LIST(type));
  duckdb::vector<Value> values;
  for (const Json& item : items.items()) values.push_back(Value::BIGINT(item.as_int()).DefaultCastAs(type));
  return Value::LIST(type, std::move(values));
}

struct Listing {
  Columns columns;
  Rows rows;
};

// AWS: Querying Iceberg table metadata; the columns are Trino's.
Listing history(const Json& metadata) {
  Listing all{{{"made_current_at", kMoment},
               {"snapshot_id", kLong},
               {"parent_id", kLong},
               {"is_current_ancestor", LogicalType::BOOLEAN}},
              {}};
  std::set<int64_t> ancestors;
  for (auto at = iceberg::current_snapshot(metadata); at; at = iceberg::find_snapshot(metadata, at->parent))
    ancestors.insert(at->id);
  for (const Json& entry : metadata["snapshot-log"].items()) {
    const int64_t id = entry["snapshot-id"].as_int();
    const auto snapshot = iceberg::find_snapshot(metadata, id);
    all.rows.push_back({moment(Time::of_millis(entry["timestamp-ms"].as_int())), Value::BIGINT(id),
                        snapshot && snapshot->parent >= 0 ? Value::BIGINT(snapshot->parent) : Value(kLong),
                        Value::BOOLEAN(ancestors.contains(id))});
  }
  return all;
}

Listing snapshots(const Json& metadata) {
  Listing all{{{"committed_at", kMoment},
               {"snapshot_id", kLong},
               {"parent_id", kLong},
               {"operation", kText},
               {"manifest_list", kText},
               {"summary", LogicalType::MAP(kText, kText)}},
              {}};
  for (const iceberg::Snapshot& snapshot : iceberg::snapshots_of(metadata)) {
    duckdb::vector<Value> keys, values;
    for (const auto& [name, value] : snapshot.summary.members()) {
      if (name == "operation") continue;
      keys.emplace_back(name);
      values.emplace_back(value.as_string());
    }
    all.rows.push_back({moment(snapshot.made), Value::BIGINT(snapshot.id),
                        snapshot.parent >= 0 ? Value::BIGINT(snapshot.parent) : Value(kLong),
                        text_or_null(snapshot.operation), text_or_null(snapshot.manifest_list),
                        Value::MAP(kText, kText, std::move(keys), std::move(values))});
  }
  return all;
}

Listing refs(const Json& metadata) {
  Listing all{{{"name", kText},
               {"type", kText},
               {"snapshot_id", kLong},
               {"max_reference_age_in_ms", kLong},
               {"min_snapshots_to_keep", kInt},
               {"max_snapshot_age_in_ms", kLong}},
              {}};
  for (const auto& [name, ref] : metadata["refs"].members())
    all.rows.push_back({Value(name), Value(upper(ref["type"].as_string())), long_or_null(ref["snapshot-id"]),
                        long_or_null(ref["max-ref-age-ms"]), long_or_null(ref["min-snapshots-to-keep"]),
                        long_or_null(ref["max-snapshot-age-ms"])});
  return all;
}

Value summaries_of(const Json& metadata, const iceberg::ManifestFile& file, const LogicalType& type) {
  const auto fields = iceberg::partition_fields(iceberg::spec_of(metadata, file.spec_id));
  duckdb::vector<Value> all;
  for (size_t i = 0; i < fields.size() && i < file.partitions.size(); ++i) {
    const Json& summary = file.partitions.at(i);
    const Json kind = iceberg::result_type(fields[i], iceberg::type_of_column(metadata, fields[i].source_id));
    const auto bound = [&](const char* name) {
      if (summary[name].is_null()) return Value(kText);
      return Value(iceberg::partition_shown(iceberg::value_of_bytes(summary[name].as_string(), kind), fields[i], kind));
    };
    const Value nan =
        summary["contains_nan"].is_null() ? Value(LogicalType::BOOLEAN) : Value::BOOLEAN(summary["contains_nan"].as_bool());
    all.push_back(Value::STRUCT({{"contains_null", Value::BOOLEAN(summary["contains_null"].as_bool())},
                                 {"contains_nan", nan},
                                 {"lower_bound", bound("lower_bound")},
                                 {"upper_bound", bound("upper_bound")}}));
  }
  return Value::LIST(type, std::move(all));
}

Listing manifests(const Json& metadata, const std::vector<iceberg::ManifestFile>& files) {
  const LogicalType summary = LogicalType::STRUCT({{"contains_null", LogicalType::BOOLEAN},
                                                   {"contains_nan", LogicalType::BOOLEAN},
                                                   {"lower_bound", kText},
                                                   {"upper_bound", kText}});
  Listing all{{{"path", kText},
               {"length", kLong},
               {"partition_spec_id", kInt},
               {"added_snapshot_id", kLong},
               {"added_data_files_count", kInt},
               {"added_rows_count", kLong},
               {"existing_data_files_count", kInt},
               {"existing_rows_count", kLong},
               {"deleted_data_files_count", kInt},
               {"deleted_rows_count", kLong},
               {"partition_summaries", LogicalType::LIST(summary)}},
              {}};
  for (const iceberg::ManifestFile& file : files) {
    const auto count = [](int64_t n) { return Value::INTEGER(static_cast<int32_t>(n)); };
    all.rows.push_back({Value(file.path), Value::BIGINT(file.length), Value::INTEGER(file.spec_id),
                        Value::BIGINT(file.snapshot_id), count(file.added_files), Value::BIGINT(file.added_rows),
                        count(file.existing_files), Value::BIGINT(file.existing_rows), count(file.deleted_files),
                        Value::BIGINT(file.deleted_rows), summaries_of(metadata, file, summary)});
  }
  return all;
}

// The type of a column, or of a member of one, by its id; null: there is none.
Json type_of_field(const std::vector<iceberg::Field>& fields, int id) {
  for (const iceberg::Field& field : fields) {
    if (field.id == id) return field.type;
    if (Json inner = type_of_field(iceberg::fields_of(field.type), id); !inner.is_null()) return inner;
  }
  return {};
}

Listing files(const IcebergVersion& version, const iceberg::LiveFiles& live) {
  Listing all{{{"content", kInt},
               {"file_path", kText},
               {"file_format", kText},
               {"record_count", kLong},
               {"file_size_in_bytes", kLong},
               {"column_sizes", LogicalType::MAP(kInt, kLong)},
               {"value_counts", LogicalType::MAP(kInt, kLong)},
               {"null_value_counts", LogicalType::MAP(kInt, kLong)},
               {"nan_value_counts", LogicalType::MAP(kInt, kLong)},
               {"lower_bounds", LogicalType::MAP(kInt, kText)},
               {"upper_bounds", LogicalType::MAP(kInt, kText)},
               {"key_metadata", LogicalType::BLOB},
               {"split_offsets", LogicalType::LIST(kLong)},
               {"equality_ids", LogicalType::LIST(kInt)}},
              {}};
  const auto number = [](const Json& value, int) { return Value::BIGINT(value.as_int()); };
  const auto bound = [&](const Json& value, int id) {
    constexpr int kDeletedPosition = 2147483545;  // Iceberg table spec, reserved field ids
    const Json type = id == kDeletedPosition ? Json("long") : type_of_field(version.fields, id);
    if (type.is_null())  // a path in a delete file, or a column that is gone
      return valid_utf8(value.as_string()) ? Value(value.as_string()) : Value(kText);
    return Value(iceberg::partition_shown(iceberg::value_of_bytes(value.as_string(), type), {}, type));
  };
  for (const auto* side : {&live.data, &live.deletes}) {
    for (const iceberg::LiveFile& each : *side) {
      const Json& file = each.entry.file;
      all.rows.push_back({Value::INTEGER(static_cast<int>(each.entry.content())), Value(each.entry.path()),
                          Value(file["file_format"].as_string()), Value::BIGINT(each.entry.rows()),
                          Value::BIGINT(each.entry.bytes()), map_of(file["column_sizes"], kLong, number),
                          map_of(file["value_counts"], kLong, number), map_of(file["null_value_counts"], kLong, number),
                          map_of(file["nan_value_counts"], kLong, number), map_of(file["lower_bounds"], kText, bound),
                          map_of(file["upper_bounds"], kText, bound), Value(LogicalType::BLOB),
                          list_of(file["split_offsets"], kLong), list_of(file["equality_ids"], kInt)});
    }
  }
  return all;
}

// A partition's value as its column in "t$partitions" has it.
Value partition_value(const Json& value, const iceberg::PartitionField& field, const Json& type) {
  const LogicalType engine = iceberg_type(type);
  if (value.is_null()) return Value(engine);
  if (engine.id() == duckdb::LogicalTypeId::VARCHAR) return Value(value.as_string());
  if (engine.id() == duckdb::LogicalTypeId::BLOB) return Value::BLOB_RAW(value.as_string());
  if (engine.id() == duckdb::LogicalTypeId::INTEGER || engine.id() == kLong.id())
    return Value::BIGINT(value.as_int()).DefaultCastAs(engine);
  return Value(iceberg::partition_shown(value, field, type)).DefaultCastAs(engine);
}

// What the files of a partition say of one column.
struct Range {
  Value least, most;
  std::optional<int64_t> nulls = 0, nans = 0;
  bool known = true;

  void add(const iceberg::LiveFile& from, int id, const LogicalType& type) {
    const Json& file = from.entry.file;
    const auto find = [&](const char* name) -> const Json* {
      for (const Json& pair : file[name].items())
        if (pair["key"].as_int() == id) return &pair["value"];
      return nullptr;
    };
    const auto count = [](std::optional<int64_t>& sum, const Json* more) {
      if (sum && more)
        *sum += more->as_int();
      else
        sum.reset();
    };
    const Json* null_count = find("null_value_counts");
    count(nulls, null_count);
    count(nans, find("nan_value_counts"));
    if (null_count && null_count->as_int() == from.entry.rows()) return;
    const Json *low = find("lower_bounds"), *high = find("upper_bounds");
    const Value low_value = low ? value_of_bound(low->as_string(), type) : Value(type);
    const Value high_value = high ? value_of_bound(high->as_string(), type) : Value(type);
    known = known && !low_value.IsNull() && !high_value.IsNull();
    if (!known) return;
    if (least.IsNull() || low_value < least) least = low_value;
    if (most.IsNull() || high_value > most) most = high_value;
  }
  Value row(const LogicalType& type) const {
    const auto number = [](const std::optional<int64_t>& n) { return n ? Value::BIGINT(*n) : Value(kLong); };
    return Value::STRUCT({{"min", known && !least.IsNull() ? least : Value(type)},
                          {"max", known && !most.IsNull() ? most : Value(type)},
                          {"null_count", number(nulls)},
                          {"nan_count", number(nans)}});
  }
};

// The columns that "t$partitions" tells the ranges of: those that a partition does not fix.
std::vector<iceberg::Field> ranged_columns(const IcebergVersion& version,
                                           const std::vector<iceberg::PartitionField>& partition) {
  std::vector<iceberg::Field> columns;
  for (const iceberg::Field& field : version.fields) {
    const bool fixed = std::ranges::any_of(partition, [&](const iceberg::PartitionField& each) {
      return each.source_id == field.id && each.transform == "identity";
    });
    if (field.type.is_string() && !fixed) columns.push_back(field);
  }
  return columns;
}

struct PartitionSum {
  const iceberg::LiveFile* first = nullptr;
  int64_t rows = 0, files = 0, bytes = 0;
  std::vector<Range> ranges;
};

Listing partitions(const IcebergVersion& version, const iceberg::LiveFiles& live) {
  // Files of earlier partitionings know nothing of the newer fields, which are NULL for them.
  const auto fields = iceberg::all_partition_fields(version.metadata);
  const auto ranged = ranged_columns(version, fields);
  duckdb::child_list_t<LogicalType> members, data;
  std::vector<Json> types;
  std::vector<LogicalType> ranged_types;
  for (const iceberg::PartitionField& field : fields) {
    types.push_back(iceberg::result_type(field, iceberg::type_of_column(version.metadata, field.source_id)));
    members.emplace_back(field.name, iceberg_type(types.back()));
  }
  for (const iceberg::Field& field : ranged) {
    const LogicalType& type = ranged_types.emplace_back(iceberg_type(field.type));
    data.emplace_back(lower(field.name),
                      LogicalType::STRUCT({{"min", type}, {"max", type}, {"null_count", kLong}, {"nan_count", kLong}}));
  }
  Listing all;
  if (!fields.empty()) all.columns.emplace_back("partition", LogicalType::STRUCT(members));
  for (const char* name : {"record_count", "file_count", "total_size"}) all.columns.emplace_back(name, kLong);
  if (!ranged.empty()) all.columns.emplace_back("data", LogicalType::STRUCT(data));
  std::map<string, PartitionSum> sums;
  for (const iceberg::LiveFile& each : live.data) {
    PartitionSum& sum = sums[std::to_string(each.spec_id) + each.entry.partition().text()];
    sum.first = &each;
    sum.rows += each.entry.rows();
    sum.files += 1;
    sum.bytes += each.entry.bytes();
    sum.ranges.resize(ranged.size());
    for (size_t i = 0; i < ranged.size(); ++i) sum.ranges[i].add(each, ranged[i].id, ranged_types[i]);
  }
  for (const auto& [text, sum] : sums) {
    const auto own = iceberg::partition_fields(iceberg::spec_of(version.metadata, sum.first->spec_id));
    duckdb::vector<Value> row;
    duckdb::child_list_t<Value> values, ranges;
    for (size_t i = 0; i < fields.size(); ++i) {
      const auto at = std::ranges::find(own, fields[i].field_id, &iceberg::PartitionField::field_id);
      const Json value = at == own.end() ? Json() : sum.first->entry.partition()[at->name];
      values.emplace_back(fields[i].name, partition_value(value, fields[i], types[i]));
    }
    if (!fields.empty()) row.push_back(Value::STRUCT(std::move(values)));
    for (const int64_t n : {sum.rows, sum.files, sum.bytes}) row.push_back(Value::BIGINT(n));
    for (size_t i = 0; i < ranged.size(); ++i)
      ranges.emplace_back(lower(ranged[i].name), sum.ranges[i].row(ranged_types[i]));
    if (!ranged.empty()) row.push_back(Value::STRUCT(std::move(ranges)));
    all.rows.push_back(std::move(row));
  }
  return all;
}

Listing properties(const Json& metadata) {
  Listing all{{{"key", kText}, {"value", kText}}, {}};
  for (const auto& [name, value] : metadata["properties"].members())
    all.rows.push_back({Value(name), Value(value.as_string())});
  return all;
}

}  // namespace

void Parser::as_of(duckdb::TableRef& table) {
  const size_t at = here();
  expect("for");
  const bool version = is("version") || is("system_version");
  ++at_;
  expect("as");
  expect("of");
  const size_t value_at = here();
  auto value = this->value();
  if (table.type != duckdb::TableReferenceType::BASE_TABLE || table.Cast<duckdb::BaseTableRef>().catalog_name.empty())
    raise("NOT_SUPPORTED", "This connector does not support versioned tables here: FOR .. AS OF is for Iceberg tables",
          place(at));
  if (!version) value = typed_call("to_unixtime", place(value_at), items(std::move(value)));
  table.Cast<duckdb::BaseTableRef>().at_clause =
      make_uniq<duckdb::AtClause>(version ? "VERSION" : "TIMESTAMP", std::move(value));
}

TablePtr Parser::iceberg_table(const string& part, const ExternalTable& table, size_t at) {
  const auto session = SessionState::of(context_);
  const auto version = load_iceberg(context_, table);
  const auto read = object_reader(context_);
  const auto live = [&] {
    if (!version->snapshot) return iceberg::LiveFiles();
    auto found = iceberg::live_files(*version->snapshot, read);
    if (!found) session->raise(found.error());
    return *std::move(found);
  };
  Listing all;
  if (part == "history") {
    all = history(version->metadata);
  } else if (part == "snapshots") {
    all = snapshots(version->metadata);
  } else if (part == "properties") {
    all = properties(version->metadata);
  } else if (part == "refs") {
    all = refs(version->metadata);
  } else if (part == "files") {
    all = files(*version, live());
  } else if (part == "partitions") {
    all = partitions(*version, live());
  } else if (part == "manifests") {
    std::vector<iceberg::ManifestFile> listed;
    if (version->snapshot) {
      auto bytes = read(version->snapshot->manifest_list);
      if (!bytes) session->raise(bytes.error());
      auto found = iceberg::read_manifest_list(*bytes);
      if (!found) session->raise(found.error());
      listed = *std::move(found);
    }
    all = manifests(version->metadata, listed);
  } else {
    raise("NOT_SUPPORTED",
          "The table \"" + table.name + "$" + part +
              "\" is not supported: $files, $history, $manifests, $partitions, $properties, $refs and $snapshots are.",
          place(at));
  }
  return rows_table(std::move(all.rows), all.columns);
}

}  // namespace tarn::sql::engine::trino
