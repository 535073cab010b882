// The server's log: one line an event, on standard error, with time and level.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace tarn::log {

enum class Level { kDebug, kInfo, kWarn, kError };

// "debug", "info", "warn" or "error". REQUIRES: called before other threads log.
void set_level(std::string_view level);
bool enabled(Level level);
void write(Level level, std::string_view line);

template <class... A>
void debug(fmt::format_string<A...> format, A&&... a) {
  if (enabled(Level::kDebug)) write(Level::kDebug, fmt::format(format, std::forward<A>(a)...));
}
template <class... A>
void info(fmt::format_string<A...> format, A&&... a) {
  if (enabled(Level::kInfo)) write(Level::kInfo, fmt::format(format, std::forward<A>(a)...));
}
template <class... A>
void warn(fmt::format_string<A...> format, A&&... a) {
  write(Level::kWarn, fmt::format(format, std::forward<A>(a)...));
}
template <class... A>
void error(fmt::format_string<A...> format, A&&... a) {
  write(Level::kError, fmt::format(format, std::forward<A>(a)...));
}

}  // namespace tarn::log
