// Requests of the unit tests' model through reader, validation and writer.
#pragma once

#include "fuzz.h"
#include "wire/reader.h"
#include "wire/testing_shapes.h"
#include "wire/validate.h"
#include "wire/writer.h"

namespace tarn::fuzz {

// Reads, validates and writes; what was read must be written, and an error must be the caller's and say something.
inline void try_request(const wire::Operation& operation, const http::RequestHead& head, std::string_view body) {
  const auto input = wire::read_input(operation, head, body);
  const Error* error = input ? nullptr : &input.error();
  if (input) {
    const auto& widget = input->as<wire::testing::Widget>();
    planted_fault(widget.color && *widget.color != "red");  // the corpus has "red"
    const Status valid = wire::validate(operation, input->get());
    require(wire::write_output(operation, *input, "id").status == 200);
    if (!valid) require(!wire::write_error(*operation.service, valid.error(), "id").body.empty());
  } else {
    require(error->status == 400 && !error->code.empty() && !error->message.empty());
    require(!wire::write_error(*operation.service, *error, "id").body.empty());
  }
}

}  // namespace tarn::fuzz
