// What generated code knows of a C++ type: its descriptor, and the operation whose input it is. Specialised in the
// generated headers.
#pragma once

namespace tarn::wire {

struct Operation;
struct Shape;

// The descriptor of a generated struct.
template <class T>
const Shape& shape_of();

// For the input of exactly one operation: `Output`, and `operation()`. Inputs that operations share have none.
template <class Input>
struct OperationOf;

}  // namespace tarn::wire
