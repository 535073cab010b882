#include "services/s3/object_tags.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "services/s3/errors.h"

namespace tarn::s3 {
namespace {

constexpr size_t kMaxName = 128, kMaxValue = 256;  // code points

// Letters, digits and blanks of any script, and + - = . _ : / @
bool tag_characters(std::string_view text) {
  return valid_utf8(text) && std::ranges::all_of(text, [](unsigned char c) {
           return c >= 0x80 || std::isalnum(c) ||
                  std::string_view(" +-=._:/@").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

}  // namespace

Result<std::map<std::string, std::string>> check_tags(const Pairs& tags, size_t most) {
  if (tags.size() > most)
    return refuse(400, "BadRequest",
                  most == kMostObjectTags ? "Object tags cannot be greater than 10"
                                          : "Bucket tag count cannot be greater than 50");
  std::map<std::string, std::string> checked;
  for (const auto& [name, value] : tags) {
    if (name.empty() || utf8_length(name) > kMaxName || !tag_characters(name))
      return refuse(400, "InvalidTag", "The TagKey you have provided is invalid", {{"TagKey", name}});
    if (utf8_length(value) > kMaxValue || !tag_characters(value))
      return refuse(400, "InvalidTag", "The TagValue you have provided is invalid",
                    {{"TagKey", name}, {"TagValue", value}});
    if (lower(name).starts_with("aws:"))
      return refuse(400, "InvalidTag",
                    most == kMostObjectTags ? "Your TagKey cannot be prefixed with aws:"
                                            : "System tags cannot be added/updated by requester",
                    {{"TagKey", name}});
    if (!checked.emplace(name, value).second)
      return refuse(400, "InvalidTag", "Cannot provide multiple Tags with the same key", {{"TagKey", name}});
  }
  return checked;
}

Result<std::map<std::string, std::string>> parse_tagging_header(std::string_view header) {
  Pairs tags;
  for (const std::string_view item : split(header, '&')) {
    if (item.empty()) continue;
    const size_t equals = item.find('=');
    const std::string_view value = equals == std::string_view::npos ? "" : item.substr(equals + 1);
    tags.emplace_back(uri_decode(item.substr(0, equals), true), uri_decode(value, true));
    const auto same = [&](const auto& tag) { return tag.first == tags.back().first; };
    if (std::ranges::count_if(tags, same) > 1)
      return invalid_argument(
          "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
          "duplicates.",
          "x-amz-tagging", header);
  }
  return check_tags(tags, kMostObjectTags);
}

}  // namespace tarn::s3
