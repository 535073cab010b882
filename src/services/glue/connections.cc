// Connections: how jobs and crawlers reach databases. The catalog keeps them; passwords are told only to who may ask.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "door/door.h"
#include "door/sealed.h"
#include "door/tags.h"
#include "lake/postgres.h"
#include "services/glue/catalog_records.h"
#include "services/glue/convert.h"
#include "services/glue/crawl_job.h"
#include "services/glue/glue.h"

namespace tarn::glue {
namespace {

constexpr int32_t kPage = 100;
constexpr const char* kTestLogGroup = "/aws-glue/testconnection/output";  // AWS: "Testing an AWS Glue connection"
constexpr std::string_view kPasswords[] = {"PASSWORD", "ENCRYPTED_PASSWORD", "KAFKA_SASL_SCRAM_PASSWORD",
                                           "KAFKA_CLIENT_KEYSTORE_PASSWORD", "KAFKA_CLIENT_KEY_PASSWORD"};

// Passwords lie in the store sealed, so that who reads its files reads none.
std::string sealing_key(Call& call) {
  return call.door().store().secret("glue.connections");
}

std::string connection_arn(const ConnectionKey& key) {
  return fmt::format("arn:aws:glue:{}:{}:connection/{}", key.region, key.owner, key.name);
}

Status erase(Call& call, const ConnectionKey& key) {
  TRY(call.erase(kConnections, key));
  return set_tags(call.tx(), connection_arn(key), {});
}

struct FoundConnection {
  ConnectionKey key;
  ConnectionRecord record;
};

Result<ConnectionKey> key_of(Call& call, const OptionalText& catalog_id, const OptionalText& name) {
  const CatalogPlace catalog = TRY(catalog_of(call, catalog_id));
  return ConnectionKey{catalog.owner, catalog.region, name.value_or("")};
}

Failure no_connection(std::string_view name) {
  return not_found(fmt::format("Connection {} not found.", name));
}

Result<FoundConnection> find_connection(Call& call, const OptionalText& catalog_id, const OptionalText& name,
                                        Lock lock) {
  ConnectionKey key = TRY(key_of(call, catalog_id, name));
  auto record = TRY(call.get(kConnections, key, lock));
  if (!record) return no_connection(key.name);
  return FoundConnection{std::move(key), std::move(*record)};
}

Status take(Call& call, ConnectionRecord& record, const ConnectionInput& in) {
  TRY(refuse(in.authentication_configuration.has_value(), "ConnectionInput.AuthenticationConfiguration",
             "give USERNAME and PASSWORD, or SECRET_ID, in ConnectionProperties"));
  TRY(refuse(in.validate_credentials.value_or(false), "ConnectionInput.ValidateCredentials",
             "connections are only kept"));
  record.type = *in.connection_type;
  record.description = in.description;
  record.match_criteria = in.match_criteria.items();
  record.properties = to_record(in.connection_properties).value_or(Parameters{});
  for (auto& [name, value] : record.properties)
    if (std::ranges::find(kPasswords, name) != std::end(kPasswords)) value = seal(sealing_key(call), value);
  record.spark_properties = to_record(in.spark_properties).value_or(Parameters{});
  record.athena_properties = to_record(in.athena_properties).value_or(Parameters{});
  record.python_properties = to_record(in.python_properties).value_or(Parameters{});
  record.has_network = in.physical_connection_requirements.has_value();
  if (record.has_network) {
    record.subnet = in.physical_connection_requirements->subnet_id;
    record.zone = in.physical_connection_requirements->availability_zone;
    record.security_groups = in.physical_connection_requirements->security_group_id_list.items();
  }
  record.updated = call.now();
  record.updated_by = call.principal().arn;
  return {};
}

Connection to_wire(Call& call, const ConnectionKey& key, const ConnectionRecord& record, bool hide_password) {
  Parameters properties = record.properties;
  for (const std::string_view name : kPasswords) {
    const auto found = properties.find(std::string(name));
    if (found == properties.end()) continue;
    if (hide_password)
      properties.erase(found);
    else  // one that was kept before there were seals is as it came
      found->second = unseal(sealing_key(call), found->second).value_or(found->second);
  }
  const auto some = [](const Parameters& parameters) {
    return parameters.empty() ? wire::Map<std::string>() : glue::to_wire(std::optional(parameters));
  };
  Connection out{.name = key.name,
                 .description = record.description,
                 .connection_type = record.type,
                 .match_criteria = record.match_criteria,
                 .connection_properties = glue::to_wire(std::optional(properties)),
                 .spark_properties = some(record.spark_properties),
                 .athena_properties = some(record.athena_properties),
                 .python_properties = some(record.python_properties)};
  if (record.has_network) {
    PhysicalConnectionRequirements network{.subnet_id = record.subnet, .availability_zone = record.zone};
    network.security_group_id_list = record.security_groups;
    out.physical_connection_requirements = std::move(network);
  }
  out.creation_time = record.created;
  out.last_updated_time = record.updated;
  out.last_updated_by = record.updated_by;
  out.status = "READY";
  out.connection_schema_version = 1;
  return out;
}

}  // namespace

Result<CreateConnectionResponse> create_connection(Glue&, Call& call, const CreateConnectionRequest& in) {
  const ConnectionKey key = TRY(key_of(call, in.catalog_id, in.connection_input->name));
  if (TRY(call.get(kConnections, key))) return already_exists("Connection already exists.");
  ConnectionRecord record{.created = call.now()};
  TRY(take(call, record, *in.connection_input));
  TRY(call.put(kConnections, key, record));
  if (!in.tags.empty()) TRY(add_tags(call.tx(), connection_arn(key), Tags(in.tags.begin(), in.tags.end())));
  return CreateConnectionResponse{.create_connection_status = "READY"};
}

Result<GetConnectionResponse> get_connection(Glue&, Call& call, const GetConnectionRequest& in) {
  const FoundConnection found = TRY(find_connection(call, in.catalog_id, in.name, Lock::kNone));
  return GetConnectionResponse{.connection = to_wire(call, found.key, found.record, in.hide_password.value_or(false))};
}

Result<GetConnectionsResponse> get_connections(Glue&, Call& call, const GetConnectionsRequest& in) {
  const CatalogPlace catalog = TRY(catalog_of(call, in.catalog_id));
  const std::string request = fmt::format("GetConnections {} {}", catalog.owner, catalog.region);
  const auto limit = static_cast<size_t>(in.max_results.value_or(kPage));
  const auto wanted = [&](const ConnectionRecord& record) {
    if (!in.filter) return true;
    if (in.filter->connection_type && record.type != *in.filter->connection_type) return false;
    return std::ranges::all_of(in.filter->match_criteria, [&](const std::string& each) {
      return std::ranges::find(record.match_criteria, each) != record.match_criteria.end();
    });
  };
  GetConnectionsResponse out;
  out.connection_list.set_present();
  auto at = call.tx().cursor(kConnections, {.prefix = prefix_of(kConnections, catalog.owner, catalog.region),
                                            .after = TRY(page_start(call, request, in.next_token))});
  for (std::string last; at.valid(); at.next()) {
    const ConnectionRecord record = TRY(at.record());
    if (!wanted(record)) continue;
    if (out.connection_list.size() == limit) {
      out.next_token = next_page(call, request, last);
      break;
    }
    out.connection_list.push_back(to_wire(call, TRY(at.key()), record, in.hide_password.value_or(false)));
    last = at.encoded();
  }
  TRY(at.status());
  return out;
}

Result<UpdateConnectionResponse> update_connection(Glue&, Call& call, const UpdateConnectionRequest& in) {
  FoundConnection found = TRY(find_connection(call, in.catalog_id, in.name, Lock::kExclusive));
  if (*in.connection_input->name != found.key.name)
    return invalid_input(
        fmt::format("Connection {} cannot be renamed to {}.", found.key.name, *in.connection_input->name));
  TRY(take(call, found.record, *in.connection_input));
  TRY(call.put(kConnections, found.key, found.record));
  return UpdateConnectionResponse{};
}

Result<DeleteConnectionResponse> delete_connection(Glue&, Call& call, const DeleteConnectionRequest& in) {
  const FoundConnection found = TRY(find_connection(call, in.catalog_id, in.connection_name, Lock::kExclusive));
  TRY(erase(call, found.key));
  return DeleteConnectionResponse{};
}

Result<BatchDeleteConnectionResponse> batch_delete_connection(Glue&, Call& call,
                                                              const BatchDeleteConnectionRequest& in) {
  BatchDeleteConnectionResponse out;
  out.succeeded.set_present();
  out.errors.set_present();
  for (const std::string& name : in.connection_name_list) {
    const ConnectionKey key = TRY(key_of(call, in.catalog_id, name));
    if (!TRY(call.get(kConnections, key))) {
      out.errors[name] = detail_of(no_connection(name).error());
      continue;
    }
    TRY(erase(call, key));
    out.succeeded.push_back(name);
  }
  return out;
}

// Of a connection that is kept the caller needs the right to read it as well: with it, who reads its password is one question.
Result<TestConnectionResponse> test_connection(Glue&, Call& call, const TestConnectionRequest& in) {
  if (in.connection_name.has_value() == in.test_connection_input.has_value())
    return invalid_input("Either ConnectionName or TestConnectionInput must be given.");
  Result<lake::PostgresSource> source = invalid_input("");
  if (in.connection_name) {
    source = lake::glue_connection(call.door(), call.caller(), *in.connection_name);
  } else {
    const auto& properties = in.test_connection_input->connection_properties;
    source = lake::source_of("to test", [&](std::string_view key) {
      const std::string* found = properties.find(key);
      return found == nullptr ? std::string() : *found;
    });
  }
  if (!source) return Failure(source.error());
  const std::string stream = in.connection_name.value_or("to-test");
  CrawlLog log(call.door(), call.caller(), stream, call.caller().request_id, kTestLogGroup);
  log.add("INFO", fmt::format("Testing the connection to {}:{}/{} as {}", source->host, source->port, source->database,
                              source->user));
  const auto made = lake::Postgres::connect(*source);
  log.add(made ? "INFO" : "ERROR", made ? "The connection works" : made.error().message);
  log.flush();
  if (!made)
    return invalid_input(fmt::format("{}. Its log is the stream {} of {}.", made.error().message, stream, kTestLogGroup));
  return TestConnectionResponse{};
}

}  // namespace tarn::glue
