#include "http/message.h"

#include <algorithm>

#include "base/text.h"

namespace tarn::http {

const std::string* Headers::find(std::string_view name) const {
  for (const auto& [field, value] : fields_)
    if (equals_ignore_case(field, name)) return &value;
  return nullptr;
}

std::string_view Headers::get(std::string_view name) const {
  const std::string* value = find(name);
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

void Headers::set(std::string_view name, std::string value) {
  erase(name);
  add(std::string(name), std::move(value));
}

void Headers::erase(std::string_view name) {
  std::erase_if(fields_, [&](const auto& field) { return equals_ignore_case(field.first, name); });
}

}  // namespace tarn::http
