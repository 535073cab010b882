// Where this program lies.
#pragma once

#include <string>

namespace tarn {

// The folder of the running program, without a slash at the end; empty when the system does not say.
std::string executable_folder();

}  // namespace tarn
