// Files without a name: bytes that go with their last descriptor.
#pragma once

#include <string>

#include "os/file.h"

namespace tarn {

// In memory, empty, to be read and written. ERRORS: InternalFailure: no more descriptors.
Result<Fd> memory_file();
// In the folder's file system, empty, to be read and written.
Result<Fd> nameless_file(const std::string& folder);
// Another descriptor of the same open file. ERRORS: InternalFailure: no more descriptors.
Result<Fd> duplicate(int fd);
// Cuts it to nothing and goes to its beginning.
Status empty_file(int fd);

}  // namespace tarn
