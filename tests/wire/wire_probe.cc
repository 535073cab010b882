// The codecs as a program, for the protocol cases and for tarn's own services: one JSON command a line in, one JSON answer a line out.
//
//   {"do": "read", "suite": (or service), "operation": ..., "method": ..., "path": ..., "query": ..., "headers": {}, "body": ...}
//     -> {"params": {...}} or {"error": code, "message": ...}
//   {"do": "write", "suite": ..., "operation": ..., "params": {...}}  -> {"status": ..., "headers": {}, "body": ...}
//   {"do": "fail", "suite": ..., "code": ..., "message": ..., "status": ..., "members": {}}  -> the same
#include <iostream>
#include <map>

#include "cases.h"
#include "params.h"
#include "wire/reader.h"
#include "wire/writer.h"

namespace tarn::wire {
namespace {

const Operation* find(const Service& service, std::string_view name) {
  for (const Operation& operation : service.operations)
    if (operation.name == name) return &operation;
  return nullptr;
}

Json error_of(const Error& error) {
  return Json::object({{"error", Json(error.code)}, {"message", Json(error.message)}});
}

Json response_of(const http::Response& response) {
  Json headers = Json::object();
  for (const auto& [name, value] : response.headers) headers.set(name, Json(value));
  return Json::object({{"status", Json(response.status)}, {"headers", headers}, {"body", Json(response.body)}});
}

Json read(const Operation& operation, const Json& command) {
  http::RequestHead head;
  head.method = command["method"].as_string();
  head.path = command["path"].as_string();
  head.query = command["query"].as_string();
  for (const auto& [name, value] : command["headers"].members()) head.headers.add(name, value.as_string());
  const auto input = read_input(operation, head, command["body"].as_string());
  if (!input) return error_of(input.error());
  return Json::object({{"params", params_of(input->shape(), input->get())}});
}

Json write(const Operation& operation, const Json& command) {
  Any output(*operation.output);
  fill_params(output.shape(), command["params"], output.get());
  return response_of(write_output(operation, output, "request-id"));
}

Json fail(const Service& service, const Json& command) {
  Error error{
      static_cast<int>(command["status"].as_int()), command["code"].as_string(), command["message"].as_string(), {}};
  for (const auto& [name, value] : command["members"].members()) {
    error.members.emplace_back(name, value.is_string() ? value.as_string() : value.text());
  }
  return response_of(write_error(service, error, "request-id"));
}

Json answer(const std::map<std::string, const Service*>& services, const std::string& line) {
  const auto command = Json::parse(line);
  if (!command) return error_of(command.error());
  const auto service = services.find((*command)["suite"].as_string());
  if (service == services.end()) return Json::object({{"error", Json("NoSuchSuite")}});
  const std::string& what = (*command)["do"].as_string();
  if (what == "fail") return fail(*service->second, *command);
  const Operation* operation = find(*service->second, (*command)["operation"].as_string());
  if (operation == nullptr) return Json::object({{"error", Json("NoSuchOperation")}});
  return what == "read" ? read(*operation, *command) : write(*operation, *command);
}

}  // namespace
}  // namespace tarn::wire

void all_services(std::vector<const tarn::wire::Service*>& services);  // those of tarn's manifests

int main() {
  std::map<std::string, const tarn::wire::Service*> services;
  std::vector<const tarn::wire::Service*> all = all_cases();
  all_services(all);
  for (const auto* service : all) services[std::string(service->name)] = service;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << tarn::wire::answer(services, line).text() << std::endl;
  }
  return 0;
}
