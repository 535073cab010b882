// Statistics of columns: kept for whoever computes them, and told to whoever plans by them.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "services/glue/catalog_records.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

constexpr size_t kMostColumns = 100;  // AWS: GetColumnStatisticsForTable

// Fills record from the wire's structure of the type, or the other way round: one list of members for both.
template <class Data, class F>
void members(Data& data, StatisticsRecord& record, F each) {
  if constexpr (requires { data.number_of_nulls; }) each(data.number_of_nulls, record.nulls);
  if constexpr (requires { data.number_of_distinct_values; }) each(data.number_of_distinct_values, record.distinct);
  if constexpr (requires { data.number_of_trues; }) each(data.number_of_trues, record.trues);
  if constexpr (requires { data.number_of_falses; }) each(data.number_of_falses, record.falses);
  if constexpr (requires { data.maximum_length; }) each(data.maximum_length, record.longest);
  if constexpr (requires { data.average_length; }) each(data.average_length, record.average_length);
}

template <class Data>
void take(const Data& from, StatisticsRecord& record) {
  Data data = from;
  members(data, record, [](auto& member, auto& field) { field = member.value_or(0); });
}
template <class Data>
Data give(StatisticsRecord record) {
  Data data;
  members(data, record, [](auto& member, auto& field) { member = field; });
  return data;
}

Result<StatisticsRecord> to_record(const ColumnStatistics& in) {
  StatisticsRecord out{
      .column_type = *in.column_type, .type = *in.statistics_data->type, .analyzed = *in.analyzed_time};
  const ColumnStatisticsData& data = *in.statistics_data;
  if (out.type == "BOOLEAN" && data.boolean_column_statistics_data) {
    take(*data.boolean_column_statistics_data, out);
  } else if (out.type == "DATE" && data.date_column_statistics_data) {
    take(*data.date_column_statistics_data, out);
    out.min_time = data.date_column_statistics_data->minimum_value;
    out.max_time = data.date_column_statistics_data->maximum_value;
  } else if (out.type == "DECIMAL" && data.decimal_column_statistics_data) {
    const DecimalColumnStatisticsData& decimal = *data.decimal_column_statistics_data;
    take(decimal, out);
    const auto set = [](const auto& number, std::optional<std::string>& digits, int32_t& scale) {
      if (!number) return;
      digits = number->unscaled_value->bytes;
      scale = number->scale.value_or(0);
    };
    set(decimal.minimum_value, out.min_unscaled, out.min_scale);
    set(decimal.maximum_value, out.max_unscaled, out.max_scale);
  } else if (out.type == "DOUBLE" && data.double_column_statistics_data) {
    take(*data.double_column_statistics_data, out);
    out.min_double = data.double_column_statistics_data->minimum_value;
    out.max_double = data.double_column_statistics_data->maximum_value;
  } else if (out.type == "LONG" && data.long_column_statistics_data) {
    take(*data.long_column_statistics_data, out);
    out.min_long = data.long_column_statistics_data->minimum_value;
    out.max_long = data.long_column_statistics_data->maximum_value;
  } else if (out.type == "STRING" && data.string_column_statistics_data) {
    take(*data.string_column_statistics_data, out);
  } else if (out.type == "BINARY" && data.binary_column_statistics_data) {
    take(*data.binary_column_statistics_data, out);
  } else {
    return invalid_input(
        fmt::format("StatisticsData of column {} has no data of its Type {}.", *in.column_name, out.type));
  }
  return out;
}

ColumnStatistics to_wire(const std::string& column, const StatisticsRecord& in) {
  ColumnStatistics out{.column_name = column, .column_type = in.column_type, .analyzed_time = in.analyzed};
  ColumnStatisticsData data{.type = in.type};
  if (in.type == "BOOLEAN") data.boolean_column_statistics_data = give<BooleanColumnStatisticsData>(in);
  if (in.type == "STRING") data.string_column_statistics_data = give<StringColumnStatisticsData>(in);
  if (in.type == "BINARY") data.binary_column_statistics_data = give<BinaryColumnStatisticsData>(in);
  if (in.type == "DATE") {
    auto made = give<DateColumnStatisticsData>(in);
    made.minimum_value = in.min_time;
    made.maximum_value = in.max_time;
    data.date_column_statistics_data = made;
  }
  if (in.type == "DOUBLE") {
    auto made = give<DoubleColumnStatisticsData>(in);
    made.minimum_value = in.min_double;
    made.maximum_value = in.max_double;
    data.double_column_statistics_data = made;
  }
  if (in.type == "LONG") {
    auto made = give<LongColumnStatisticsData>(in);
    made.minimum_value = in.min_long;
    made.maximum_value = in.max_long;
    data.long_column_statistics_data = made;
  }
  if (in.type == "DECIMAL") {
    auto made = give<DecimalColumnStatisticsData>(in);
    if (in.min_unscaled)
      made.minimum_value = DecimalNumber{.unscaled_value = wire::Blob{*in.min_unscaled}, .scale = in.min_scale};
    if (in.max_unscaled)
      made.maximum_value = DecimalNumber{.unscaled_value = wire::Blob{*in.max_unscaled}, .scale = in.max_scale};
    data.decimal_column_statistics_data = made;
  }
  out.statistics_data = std::move(data);
  return out;
}

bool has_column(const FoundTable& table, const std::string& name) {
  const auto is_it = [&](const ColumnRecord& column) { return equals_ignore_case(column.name, name); };
  return (table.record.storage && table.record.storage->columns &&
          std::ranges::any_of(*table.record.storage->columns, is_it)) ||
         std::ranges::any_of(table.partition_keys(), is_it);
}

struct Subject {
  FoundTable table;
  std::string partition;
};

// The table, or its partition, that the request is about. ERRORS: EntityNotFoundException.
template <class In>
Result<Subject> subject_of(Call& call, const In& in, Lock lock) {
  Subject out{TRY(find_table(call, in.catalog_id, in.database_name, in.table_name, lock)), ""};
  if constexpr (requires { in.partition_values; }) {
    out.partition = joined_values(in.partition_values.items());
    if (!TRY(call.get(kPartitions, PartitionRowKey{out.table.record.id, out.partition}, lock)))
      return not_found("Cannot find partition.");
  }
  return out;
}

template <class Out, class In>
Result<Out> update(Call& call, const In& in) {
  const Subject subject = TRY(subject_of(call, in, Lock::kShared));
  Out out;
  out.errors.set_present();
  for (const ColumnStatistics& statistics : in.column_statistics_list) {
    Result<StatisticsRecord> record = to_record(statistics);
    if (!has_column(subject.table, *statistics.column_name))
      record = not_found(fmt::format("Column {} is not in the table.", *statistics.column_name));
    if (!record) {
      out.errors.push_back({.column_statistics = statistics, .error = detail_of(record.error())});
      continue;
    }
    TRY(call.put(kStatistics, {subject.table.record.id, subject.partition, lower(*statistics.column_name)}, *record));
  }
  return out;
}

template <class Out, class In>
Result<Out> get(Call& call, const In& in) {
  if (in.column_names.size() > kMostColumns)
    return invalid_input(fmt::format("ColumnNames: {} columns at most are told of at once.", kMostColumns));
  const Subject subject = TRY(subject_of(call, in, Lock::kNone));
  Out out;
  out.column_statistics_list.set_present();
  out.errors.set_present();
  for (const std::string& name : in.column_names) {
    const auto record = TRY(call.get(kStatistics, {subject.table.record.id, subject.partition, lower(name)}));
    if (record) {
      out.column_statistics_list.push_back(to_wire(lower(name), *record));
      continue;
    }
    const Error missing = not_found(fmt::format("Column statistics not found for {}.", name)).error();
    out.errors.push_back({.column_name = name, .error = detail_of(missing)});
  }
  return out;
}

template <class Out, class In>
Result<Out> erase(Call& call, const In& in) {
  const Subject subject = TRY(subject_of(call, in, Lock::kShared));
  const StatisticsKey key{subject.table.record.id, subject.partition, lower(*in.column_name)};
  if (!TRY(call.get(kStatistics, key)))
    return not_found(fmt::format("Column statistics not found for {}.", *in.column_name));
  TRY(call.erase(kStatistics, key));
  return Out{};
}

}  // namespace

Result<UpdateColumnStatisticsForTableResponse> update_column_statistics_for_table(
    Glue&, Call& call, const UpdateColumnStatisticsForTableRequest& in) {
  return update<UpdateColumnStatisticsForTableResponse>(call, in);
}
Result<GetColumnStatisticsForTableResponse> get_column_statistics_for_table(
    Glue&, Call& call, const GetColumnStatisticsForTableRequest& in) {
  return get<GetColumnStatisticsForTableResponse>(call, in);
}
Result<DeleteColumnStatisticsForTableResponse> delete_column_statistics_for_table(
    Glue&, Call& call, const DeleteColumnStatisticsForTableRequest& in) {
  return erase<DeleteColumnStatisticsForTableResponse>(call, in);
}
Result<UpdateColumnStatisticsForPartitionResponse> update_column_statistics_for_partition(
    Glue&, Call& call, const UpdateColumnStatisticsForPartitionRequest& in) {
  return update<UpdateColumnStatisticsForPartitionResponse>(call, in);
}
Result<GetColumnStatisticsForPartitionResponse> get_column_statistics_for_partition(
    Glue&, Call& call, const GetColumnStatisticsForPartitionRequest& in) {
  return get<GetColumnStatisticsForPartitionResponse>(call, in);
}
Result<DeleteColumnStatisticsForPartitionResponse> delete_column_statistics_for_partition(
    Glue&, Call& call, const DeleteColumnStatisticsForPartitionRequest& in) {
  return erase<DeleteColumnStatisticsForPartitionResponse>(call, in);
}

}  // namespace tarn::glue
