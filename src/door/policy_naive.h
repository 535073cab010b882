// A second evaluator, for tests alone: it reads the JSON anew for each request and spells AWS's rules out one by one,
// with matching code of its own, so that a mistake in policy.cc is unlikely to be here too. Slow on purpose.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "door/arn.h"
#include "door/policy.h"

namespace tarn::naive {

using Texts = std::vector<std::string>;

// Documents that are valid policies.
struct Documents {
  Texts identity;
  std::optional<std::string> boundary;
  Texts session;
  std::optional<std::string> resource;
  bool trust = false;  // the resource's is a trust policy
};

struct Verdict {
  bool allowed = false;
  bool explicit_deny = false;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

inline Texts texts_of(const Json& value) {
  Texts texts;
  for (const Json& item : value.is_array() ? value.items() : std::vector<Json>{value})
    texts.push_back(item.is_bool() ? (item.as_bool() ? "true" : "false") : item.as_string());
  return texts;
}

// One element of a pattern: a character, or a wildcard.
struct Glyph {
  char c;
  bool wild;
};
using Glyphs = std::vector<Glyph>;

inline bool glob(const Glyphs& pattern, size_t p, const std::string& text, size_t t) {
  if (p == pattern.size()) return t == text.size();
  if (pattern[p].wild && pattern[p].c == '*') {
    for (size_t i = t; i <= text.size(); ++i)
      if (glob(pattern, p + 1, text, i)) return true;
    return false;
  }
  if (t == text.size()) return false;
  if (pattern[p].wild || pattern[p].c == text[t]) return glob(pattern, p + 1, text, t + 1);
  return false;
}

// The text with variables replaced; nullopt: one has no value.
inline std::optional<Glyphs> expand(const std::string& text, bool variables, bool wildcards,
                                    const PolicyContext& context) {
  Glyphs out;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t end = text.find('}', i);
    if (variables && text.compare(i, 2, "${") == 0 && end != std::string::npos) {
      std::string name = text.substr(i + 2, end - i - 2);
      std::optional<std::string> value;
      if (const size_t comma = name.find(", '"); comma != std::string::npos) {
        value = name.substr(comma + 3, name.size() - comma - 4);
        name = name.substr(0, comma);
      }
      if (name == "*" || name == "?" || name == "$") value = name;
      if (const auto found = context.find(lower(name)); found != context.end() && found->second.size() == 1)
        value = found->second[0];
      if (!value) return std::nullopt;
      for (const char c : *value) out.push_back({c, false});
      i = end;
    } else {
      out.push_back({text[i], wildcards && (text[i] == '*' || text[i] == '?')});
    }
  }
  return out;
}

// Cuts at the first five colons.
inline std::vector<Glyphs> parts_of(const Glyphs& glyphs) {
  std::vector<Glyphs> parts(1);
  for (const Glyph& glyph : glyphs) {
    if (glyph.c == ':' && parts.size() < 6)
      parts.emplace_back();
    else
      parts.back().push_back(glyph);
  }
  return parts;
}

inline std::string plain(const Glyphs& glyphs) {
  std::string text;
  for (const Glyph& glyph : glyphs) text += glyph.c;
  return text;
}

// Part for part. REQUIRES: no wildcard that could run on past its part matters (the random test makes none).
inline bool arn_matches(const Glyphs& pattern, const std::string& text) {
  if (pattern.size() == 1 && pattern[0].wild && pattern[0].c == '*') return true;
  Glyphs given;
  for (const char c : text) given.push_back({c, false});
  const auto wanted = parts_of(pattern), found = parts_of(given);
  if (wanted.size() != 6 || found.size() != 6) return false;
  for (size_t i = 0; i < 6; ++i)
    if (!glob(wanted[i], 0, plain(found[i]), 0)) return false;
  return true;
}

inline bool any_resource(const Json& element, const AccessRequest& request, bool variables) {
  for (const std::string& text : texts_of(element)) {
    const auto pattern = expand(text, variables, true, request.context);
    if (!pattern) continue;
    if (arn_matches(*pattern, std::string(request.resource))) return true;
  }
  return false;
}

inline bool any_action(const Json& element, const AccessRequest& request) {
  for (const std::string& text : texts_of(element))
    if (glob(*expand(lower(text), false, true, {}), 0, lower(request.action), 0)) return true;
  return false;
}

inline std::optional<double> seconds_of(const std::string& text) {
  if (const auto time = parse_iso8601(text)) return static_cast<double>(time->micros) / 1e6;
  return parse_double(text);
}

inline uint32_t address_of(const std::string& text) {
  uint32_t value = 0;
  for (const std::string_view part : split(text, '.')) value = value * 256 + static_cast<uint32_t>(*parse_int(part));
  return value;
}

// One policy value against one value of the request, by the operator's bare name, never negated.
inline bool holds_for(const std::string& op, const std::string& wanted, const std::string& given, bool variables,
                      const PolicyContext& context) {
  if (op.starts_with("String") || op.starts_with("Arn")) {
    const bool fold = op == "StringEqualsIgnoreCase";
    const bool wildcards = op == "StringLike" || op.starts_with("Arn");
    auto pattern = expand(wanted, variables, wildcards, context);
    if (!pattern) return false;
    if (op.starts_with("Arn")) return arn_matches(*pattern, given);
    if (fold) return lower(plain(*pattern)) == lower(given);
    return glob(*pattern, 0, given, 0);
  }
  if (op.starts_with("Numeric") || op.starts_with("Date")) {
    const bool date = op.starts_with("Date");
    const auto a = date ? seconds_of(given) : parse_double(given), b = date ? seconds_of(wanted) : parse_double(wanted);
    if (!a || !b) return false;
    if (op.ends_with("GreaterThanEquals")) return *a >= *b;
    if (op.ends_with("LessThanEquals")) return *a <= *b;
    if (op.ends_with("GreaterThan")) return *a > *b;
    if (op.ends_with("LessThan")) return *a < *b;
    return *a == *b;
  }
  if (op == "Bool") return lower(wanted) == lower(given);
  if (op == "BinaryEquals") return wanted == given;
  if (op == "IpAddress") {
    const size_t slash = wanted.find('/');
    const int bits = slash == std::string::npos ? 32 : static_cast<int>(*parse_int(wanted.substr(slash + 1)));
    const uint32_t mask = bits == 0 ? 0 : ~uint32_t{0} << (32 - bits);
    return (address_of(wanted.substr(0, slash)) & mask) == (address_of(given) & mask);
  }
  return false;
}

inline bool condition_holds(std::string op, const std::string& key, const Json& values, bool variables,
                            const PolicyContext& context) {
  const bool all = op.starts_with("ForAllValues:"), any = op.starts_with("ForAnyValue:");
  if (all || any) op = op.substr(op.find(':') + 1);
  const bool if_exists = op.ends_with("IfExists");
  if (if_exists) op.resize(op.size() - 8);
  bool negated = false;
  if (const size_t at = op.find("Not"); at != std::string::npos) {
    negated = true;
    op.erase(at, 3);
  }
  Texts given;
  if (const auto found = context.find(lower(key)); found != context.end()) given = found->second;
  const Texts wanted = texts_of(values);
  if (op == "Null") {
    for (const std::string& text : wanted)
      if ((text == "true") == given.empty()) return true;
    return false;
  }
  bool nothing = true;
  for (const std::string& text : given)
    if (!(all || any) || !text.empty()) nothing = false;
  if (nothing) return if_exists || (all ? true : any ? false : negated);
  size_t holding = 0;
  for (const std::string& text : given) {
    bool matched = false;
    for (const std::string& value : wanted) matched = matched || holds_for(op, value, text, variables, context);
    if (matched != negated) ++holding;
  }
  if (all || (!any && negated)) return holding == given.size();
  return holding > 0;
}

// How an entry of Principal names the one who asks: 0 not, 1 by account, 2 by role, 3 by itself.
inline int naming(const std::string& type, const std::string& text, const Principal& who) {
  using K = Principal::Kind;
  if (text == "*") return 3;
  if (type == "Service") return who.kind == K::kService && who.arn == text ? 3 : 0;
  if (type != "AWS" || who.kind == K::kService || who.kind == K::kAnonymous) return 0;
  if (text == who.account || text == "arn:aws:iam::" + who.account + ":root") return 1;
  if (text == who.arn) return 3;
  return who.kind == K::kAssumedRole && text == who.role_arn ? 2 : 0;
}

inline int best_naming(const Json& element, const Principal& who) {
  if (element.is_string()) return 3;
  int best = 0;
  for (const auto& [type, texts] : element.members())
    for (const std::string& text : texts_of(texts)) best = std::max(best, naming(type, text, who));
  return best;
}

inline bool lists(const Json& element, const Principal& who, int level) {
  if (element.is_string()) return true;
  for (const auto& [type, texts] : element.members())
    for (const std::string& text : texts_of(texts))
      if (text == "*" || naming(type, text, who) == level) return true;
  return false;
}

inline int statement_naming(const Json& statement, bool allow, const Principal& who) {
  using K = Principal::Kind;
  if (const Json* yes = statement.find("Principal")) return best_naming(*yes, who);
  const Json* no = statement.find("NotPrincipal");
  if (!no) return 3;
  if (allow) return best_naming(*no, who) == 0 ? 3 : 0;
  if (who.kind == K::kService || who.kind == K::kAnonymous) return best_naming(*no, who) == 0 ? 3 : 0;
  bool spared = lists(*no, who, 1);
  if (who.kind == K::kUser || who.kind == K::kAssumedRole) spared = spared && lists(*no, who, 3);
  if (who.kind == K::kAssumedRole) spared = spared && lists(*no, who, 2);
  return spared ? 0 : 3;
}

// The strongest naming of the statements with that effect that apply.
inline int strongest(const std::string& document, const char* effect, const AccessRequest& request) {
  const Json json = *Json::parse(document);
  const bool variables = json["Version"].as_string() == "2012-10-17";
  int best = 0;
  for (const Json& statement :
       json["Statement"].is_array() ? json["Statement"].items() : std::vector<Json>{json["Statement"]}) {
    if (statement["Effect"].as_string() != effect) continue;
    if (const Json* yes = statement.find("Action"); yes && !any_action(*yes, request)) continue;
    if (const Json* no = statement.find("NotAction"); no && any_action(*no, request)) continue;
    if (const Json* yes = statement.find("Resource"); yes && !any_resource(*yes, request, variables)) continue;
    if (const Json* no = statement.find("NotResource"); no && any_resource(*no, request, variables)) continue;
    bool holds = true;
    for (const auto& [op, keys] : statement["Condition"].members())
      for (const auto& [key, values] : keys.members())
        holds = holds && condition_holds(op, key, values, variables, request.context);
    if (holds) best = std::max(best, statement_naming(statement, *effect == 'A', request.principal));
  }
  return best;
}

inline bool any_of(const Texts& documents, const char* effect, const AccessRequest& request) {
  for (const std::string& document : documents)
    if (strongest(document, effect, request) > 0) return true;
  return false;
}

inline Verdict evaluate(const AccessRequest& request, const Documents& documents) {
  using K = Principal::Kind;
  const Principal& who = request.principal;
  Texts every = documents.identity;
  every.insert(every.end(), documents.session.begin(), documents.session.end());
  if (documents.boundary) every.push_back(*documents.boundary);
  if (documents.resource) every.push_back(*documents.resource);
  if (any_of(every, "Deny", request)) return {false, true};

  const int resource = documents.resource ? strongest(*documents.resource, "Allow", request) : 0;
  if (who.kind == K::kAnonymous || who.kind == K::kService) return {resource > 0, false};
  const bool boundary = !documents.boundary || strongest(*documents.boundary, "Allow", request) > 0;
  const bool session = documents.session.empty() || any_of(documents.session, "Allow", request);
  const bool identity = any_of(documents.identity, "Allow", request);
  const bool own = request.owner.empty() || request.owner == who.account;
  const bool mine = who.kind == K::kRoot || (identity && boundary && session);
  if (!own) return {mine && resource > 0, false};
  if (resource == 3) return {true, false};
  if (who.kind != K::kRoot && resource == 2) return {boundary && session, false};
  return {mine && (!documents.trust || resource > 0), false};
}

}  // namespace tarn::naive
