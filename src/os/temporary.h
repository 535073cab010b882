// A directory that goes when the test ends. For tests only.
#pragma once

#include <stdlib.h>

#include <string>

#include "os/file.h"

namespace tarn {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const char* base = getenv("TMPDIR");
    path_ = std::string(base ? base : "/tmp") + "/tarn-test-XXXXXX";
    if (!mkdtemp(path_.data())) abort();
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { (void)remove_tree(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tarn
