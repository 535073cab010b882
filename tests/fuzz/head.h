// Requests as the targets' inputs spell them.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "base/text.h"
#include "http/message.h"

namespace tarn::fuzz {

// Takes the text up to the next newline.
inline std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// What a field's name may be made of; the parser of HTTP lets nothing else through.
inline bool is_token(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) || std::string_view("!#$%&'*+-.^_`|~").contains(static_cast<char>(c));
  });
}

// "METHOD path?query", a line a field, an empty line, the body.
inline http::Request request_of(std::string_view text) {
  http::Request request;
  std::string_view line = take_line(text);
  const size_t blank = std::min(line.find(' '), line.size());
  request.method = line.substr(0, blank);
  const std::string_view target = line.substr(std::min(blank + 1, line.size()));
  const size_t question = std::min(target.find('?'), target.size());
  request.path =
      "/" + std::string(target.substr(std::min<size_t>(1, question), question - std::min<size_t>(1, question)));
  request.query = target.substr(std::min(question + 1, target.size()));
  while (!(line = take_line(text)).empty()) {
    const size_t colon = line.find(':');
    if (colon == line.npos || !is_token(line.substr(0, colon))) continue;
    request.headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
  }
  request.body = text;
  return request;
}

}  // namespace tarn::fuzz
