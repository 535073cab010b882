#include "wire/route.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/text.h"
#include "wire/route_rest.h"

namespace tarn::wire {
namespace {

bool speaks_json(const Service& s) {
  return s.protocol == Protocol::kJson10 || s.protocol == Protocol::kJson11;
}
bool speaks_query(const Service& s) {
  return s.protocol == Protocol::kQuery || s.protocol == Protocol::kEc2;
}

bool is_s3(const Service& s) {
  return s.name == "s3";
}

// A parameter of a query string or form, decoded; nullopt when it is not there.
std::optional<std::string> parameter(std::string_view text, std::string_view name) {
  for (const std::string_view piece : split(text, '&')) {
    const size_t equals = piece.find('=');
    if (piece.substr(0, equals) != name) continue;
    return equals == piece.npos ? "" : uri_decode(piece.substr(equals + 1), true);
  }
  return std::nullopt;
}

std::optional<std::string> form_parameter(const http::RequestHead& head, std::string_view body, std::string_view name) {
  if (auto value = parameter(head.query, name)) return value;
  return parameter(body, name);
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_address(std::string_view host) {
  return host.starts_with('[') ||
         std::ranges::all_of(host, [](unsigned char c) { return std::isdigit(c) || c == '.'; });
}

// "us-east-1", "us-gov-west-1": what may stand between "s3" and the domain.
bool looks_like_region(std::string_view label) {
  return std::ranges::count(label, '-') >= 2 && std::isdigit(static_cast<unsigned char>(label.back()));
}

// What stands before the S3 part of a host without its domain: "b" of "b.s3", "b.s3.eu-west-1", "b.s3-eu-west-1",
// "b.s3.dualstack.eu-west-1"; nullopt where there is no S3 part.
std::optional<std::string_view> before_s3(std::string_view name) {
  const auto cut_label = [](std::string_view& text) {
    const size_t dot = text.rfind('.');
    const std::string_view label = dot == text.npos ? text : text.substr(dot + 1);
    text = dot == text.npos ? std::string_view() : text.substr(0, dot);
    return label;
  };
  std::string_view label = cut_label(name);
  if (label.starts_with("s3-") && looks_like_region(label)) return name;
  if (looks_like_region(label)) label = cut_label(name);
  if (label == "dualstack") label = cut_label(name);
  if (label == "s3" || label == "s3-accelerate") return name;
  return std::nullopt;
}

std::string service_words(const Service& service, std::string_view operation) {
  std::string words = "The operation '" + std::string(operation) + "' of " + std::string(service.id);
  const bool known = std::ranges::find(service.unanswered, operation, &Unanswered::name) != service.unanswered.end();
  return words + (known ? " is not supported by tarn." : " is not known.");
}

// One service with its operations by name, or by method and path.
struct Entry {
  const Service* service;
  std::unordered_map<std::string_view, const Operation*> by_name;
  RestTable rest;
};

// Whether an operation is one of the service's, answered or not.
bool knows(const Entry& entry, std::string_view operation) {
  return entry.by_name.contains(operation) ||
         std::ranges::find(entry.service->unanswered, operation, &Unanswered::name) != entry.service->unanswered.end();
}

Result<const Operation*> named_operation(const Entry& entry, const http::RequestHead& head, std::string_view body) {
  const Service& service = *entry.service;
  const bool json = speaks_json(service);
  std::string name;
  if (json) {
    const std::string_view target = head.headers.get("x-amz-target");
    if (target.empty())
      return fail(400, "UnknownOperationException",
                  "The request has no X-Amz-Target header, which names the operation.");
    const size_t dot = target.rfind('.');
    name = dot == target.npos ? target : target.substr(dot + 1);
    // ASSUMED: of a target with another service's prefix AWS says that it does not know the operation.
    if (dot == target.npos || target.substr(0, dot) != service.target_prefix)
      return fail(400, "UnknownOperationException",
                  "The target '" + std::string(target) + "' does not begin with '" +
                      std::string(service.target_prefix) + ".'.");
  } else {
    const auto action = form_parameter(head, body, "Action");
    if (!action || action->empty())
      return fail(400, "MissingAction", "The request is missing an action or a required parameter.");
    name = *action;
  }
  const auto at = entry.by_name.find(name);
  if (at != entry.by_name.end()) return at->second;
  return fail(400, json ? "UnknownOperationException" : "InvalidAction", service_words(service, name));
}

Result<const Operation*> rest_operation(const Entry& entry, const http::RequestHead& head, const std::string& path) {
  const bool s3 = is_s3(*entry.service);
  const RestTable::Match match = entry.rest.find(head, path);
  if (match.operation != nullptr) return match.operation;
  if (!match.unanswered.empty())
    return fail(s3 ? 501 : 404, s3 ? "NotImplemented" : "UnknownOperationException",
                service_words(*entry.service, match.unanswered));
  const bool bucket = s3 && path.size() > 1 && path.find('/', 1) == path.npos;
  if (bucket && head.method == "POST")
    return Failure(Error{412,
                         "PreconditionFailed",
                         "At least one of the pre-conditions you specified did not hold",
                         {{"Condition", "Bucket POST must be of the enclosure-type multipart/form-data"}}});
  if (s3 && entry.rest.knows_path(path))
    return Failure(Error{405,
                         "MethodNotAllowed",
                         "The specified method is not allowed against this resource.",
                         {{"Method", head.method}}});
  return fail(s3 ? 501 : 404, s3 ? "NotImplemented" : "UnknownOperationException",
              head.method + " " + path.substr(0, 256) + " is no operation of " + std::string(entry.service->id) +
                  " that tarn supports.");
}

}  // namespace

std::string bucket_of_host(std::string_view host, std::span<const std::string> base_domains) {
  const std::string name = lower(without_port(host));
  if (name.empty() || is_address(name)) return {};
  const auto prefix_of = [&](std::string_view domain) -> std::string_view {
    if (name.size() <= domain.size() + 1 || !name.ends_with(domain)) return {};
    const std::string_view before = std::string_view(name).substr(0, name.size() - domain.size());
    return before.ends_with('.') ? before.substr(0, before.size() - 1) : std::string_view();
  };
  for (const std::string& domain : base_domains) {
    const std::string_view prefix = prefix_of(domain);
    if (prefix.empty()) continue;
    if (prefix.ends_with(".s3-control") || prefix.contains(".s3-control.")) return {};
    return std::string(before_s3(prefix).value_or(prefix));
  }
  for (const std::string_view domain : {"amazonaws.com", "amazonaws.com.cn"})
    if (const std::string_view prefix = prefix_of(domain); !prefix.empty())
      return std::string(before_s3(prefix).value_or(""));
  return {};
}

struct Router::Index {
  std::vector<std::string> base_domains;
  std::vector<std::unique_ptr<Entry>> entries;
  std::unordered_map<std::string_view, std::vector<const Entry*>> by_signing_name;
  std::unordered_map<std::string_view, const Entry*> by_target_prefix, by_endpoint_prefix;
  const Entry* s3 = nullptr;

  const Entry* entry_of(const http::RequestHead& head, const Presented& presented, std::string_view body) const;
  const Entry* among(const std::vector<const Entry*>& candidates, const http::RequestHead& head,
                     std::string_view body) const;
  const Entry* unsigned_entry(const http::RequestHead& head, std::string_view body) const;
  const Entry* by_target(const http::RequestHead& head) const;
  bool body_tells(const Presented& presented) const;
  std::string path_style(const http::RequestHead& head, const Entry& entry) const;
  const Entry* alike(const http::RequestHead& head) const;
};

Router::Router(std::span<const Service* const> services, std::vector<std::string> base_domains)
    : index_(std::make_unique<Index>()) {
  for (std::string& domain : base_domains) index_->base_domains.push_back(lower(domain));
  for (const Service* service : services) {
    auto entry = std::make_unique<Entry>();
    entry->service = service;
    const bool by_name = speaks_json(*service) || speaks_query(*service);
    for (const Operation& operation : service->operations) {
      if (by_name)
        entry->by_name.emplace(operation.name, &operation);
      else
        entry->rest.add(operation);
    }
    if (!by_name)
      for (const Unanswered& operation : service->unanswered) entry->rest.add(operation);
    index_->by_signing_name[service->signing_name].push_back(entry.get());
    index_->by_endpoint_prefix.emplace(service->endpoint_prefix, entry.get());
    if (speaks_json(*service)) index_->by_target_prefix.emplace(service->target_prefix, entry.get());
    if (is_s3(*service)) index_->s3 = entry.get();
    index_->entries.push_back(std::move(entry));
  }
}

Router::Router(Router&&) noexcept = default;
Router::~Router() = default;

const Entry* Router::Index::by_target(const http::RequestHead& head) const {
  const std::string_view target = head.headers.get("x-amz-target");
  const auto at = by_target_prefix.find(target.substr(0, target.rfind('.')));
  return at == by_target_prefix.end() ? nullptr : at->second;
}

// Of several services with one signing name.
const Entry* Router::Index::among(const std::vector<const Entry*>& candidates, const http::RequestHead& head,
                                  std::string_view body) const {
  if (candidates.size() == 1) return candidates.front();
  const Entry* target = by_target(head);
  const bool has_target = head.headers.contains("x-amz-target");
  const auto version = has_target ? std::nullopt : form_parameter(head, body, "Version");
  const bool has_account = head.headers.contains("x-amz-account-id");
  for (const Entry* entry : candidates) {
    const Service& service = *entry->service;
    if (speaks_json(service) && entry == target) return entry;
    if (speaks_query(service) && version == service.api_version) return entry;
    // AWS: every request of S3 Control names the account in a header; none of S3 does.
    if (service.name == "s3control" && has_account) return entry;
    if (is_s3(service) && !has_account) return entry;
    if (!is_s3(service) && service.name != "s3control" && entry->rest.knows_path(head.path)) return entry;
  }
  return candidates.front();
}

const Entry* Router::Index::unsigned_entry(const http::RequestHead& head, std::string_view body) const {
  const std::string host = lower(without_port(head.headers.get("Host")));
  if (!bucket_of_host(host, base_domains).empty()) return s3;
  if (host.ends_with(".amazonaws.com"))
    if (const auto at = by_endpoint_prefix.find(std::string_view(host).substr(0, host.find('.')));
        at != by_endpoint_prefix.end())
      return at->second;
  if (const Entry* entry = by_target(head)) return entry;
  if (const auto action = form_parameter(head, body, "Action")) {
    const auto version = form_parameter(head, body, "Version");
    for (const auto& entry : entries)
      if (speaks_query(*entry->service) && knows(*entry, *action) &&
          (!version || *version == entry->service->api_version))
        return entry.get();
  }
  return s3;
}

const Entry* Router::Index::entry_of(const http::RequestHead& head, const Presented& presented,
                                     std::string_view body) const {
  if (presented.kind == Presented::Kind::kAnonymous) return unsigned_entry(head, body);
  const auto at = by_signing_name.find(presented.service);
  return at == by_signing_name.end() ? nullptr : among(at->second, head, body);
}

// S3's path with the bucket in it.
std::string Router::Index::path_style(const http::RequestHead& head, const Entry& entry) const {
  const std::string bucket =
      is_s3(*entry.service) ? bucket_of_host(head.headers.get("Host"), base_domains) : std::string();
  return bucket.empty() ? head.path : "/" + bucket + head.path;
}

// A service that words its errors as the unknown one of that request would: its client reads no other form.
const Entry* Router::Index::alike(const http::RequestHead& head) const {
  const bool form = head.headers.get("Content-Type").starts_with("application/x-www-form-urlencoded");
  const bool target = head.headers.contains("x-amz-target");
  const auto find = [&](auto fits) -> const Entry* {
    const auto at = std::ranges::find_if(entries, [&](const auto& entry) { return fits(*entry->service); });
    return at == entries.end() ? nullptr : at->get();
  };
  const Entry* chosen = nullptr;
  if (form) chosen = find(speaks_query);
  // All but a few of the others speak REST with JSON.
  if (!form && !target) chosen = find([](const Service& s) { return s.protocol == Protocol::kRestJson; });
  if (!form && chosen == nullptr) chosen = find(speaks_json);
  return chosen != nullptr ? chosen : entries.front().get();
}

bool Router::Index::body_tells(const Presented& presented) const {
  if (presented.kind == Presented::Kind::kAnonymous) return true;
  const auto at = by_signing_name.find(presented.service);
  return at != by_signing_name.end() &&
         std::ranges::any_of(at->second, [](const Entry* entry) { return speaks_query(*entry->service); });
}

Routed Router::route(const http::RequestHead& head, const Presented& presented, std::string_view body) const {
  const Entry* entry = index_->entry_of(head, presented, body);
  if (entry == nullptr)
    return {index_->alike(head)->service,
            fail(400, "UnknownOperationException",
                 presented.service.empty() ? "It is not clear which service this unsigned request is for."
                                           : "The service '" + presented.service + "' is not supported by tarn."),
            head.path};
  std::string path = index_->path_style(head, *entry);
  const bool by_name = speaks_json(*entry->service) || speaks_query(*entry->service);
  auto operation = by_name ? named_operation(*entry, head, body) : rest_operation(*entry, head, path);
  return {entry->service, std::move(operation), std::move(path), index_->body_tells(presented)};
}

}  // namespace tarn::wire
