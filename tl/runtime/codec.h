#pragma once
// The calls that users of generated types make: Read, SizeOf, AppendTo, and the same for vectors.
// The generated types bring ReadFrom, Write and Expressible as members, so this file knows no
// schema, and a call does not have to be told apart from three thousand overloads.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tl/runtime/reader.h"
#include "tl/runtime/writer.h"

namespace tl {

// A boxed value of any layer. Check `reader.ok()` before using it.
template <class Any>
Any Read(Reader& reader) {
  Any value;
  value.ReadFrom(reader);
  return value;
}

// `Vector<T>` with its id, T a boxed type, a number or a text.
template <class T>
[[gnu::noinline]] std::span<const T> ReadVector(Reader& reader) {
  if constexpr (std::is_arithmetic_v<T>) {
    return reader.NumberVector<T>();
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return reader.BytesVector();
  } else {
    const std::span<T> values = reader.NewArray<T>(reader.BoxedCount(4));
    for (T& value : values) {
      value.ReadFrom(reader);
      if (!reader.ok()) return {};
    }
    return values;
  }
}

// Writes the value with its id into a Writer or a SizeCounter; `layer...` is one int for the API
// and nothing for MTProto's own types.
template <class Sink, class T, class... Layer>
void Write(Sink& sink, const T& value, Layer... layer) {
  value.Write(sink, layer...);
}

// Bytes of the value with its id.
template <class T, class... Layer>
std::size_t SizeOf(const T& value, Layer... layer) {
  SizeCounter counter;
  value.Write(counter, layer...);
  return counter.bytes();
}

template <class T, class... Layer>
std::size_t Size(const T& value, Layer... layer) {
  return SizeOf(value, layer...);
}

namespace internal {

template <class Fill>
void AppendBytes(std::vector<std::uint8_t>& out, std::size_t size, Fill fill) {
  const std::size_t start = out.size();
  out.resize(start + size);
  Writer writer(std::span<std::uint8_t>(out).subspan(start));
  fill(writer);
  assert(writer.left() == 0);
}

template <class Sink, class T, class... Layer>
void WriteElement(Sink& sink, const T& value, Layer... layer) {
  if constexpr (std::is_same_v<T, std::int32_t>) {
    sink.I32(value);
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    sink.I64(value);
  } else if constexpr (std::is_same_v<T, double>) {
    sink.F64(value);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    sink.Bytes(value);
  } else {
    value.Write(sink, layer...);
  }
}

}  // namespace internal

// `Vector<T>` with its id; elements that the layer can't express are left out and not counted.
template <class Sink, class T, class... Layer>
[[gnu::noinline]] void WriteVector(Sink& sink, std::span<const T> values, Layer... layer) {
  sink.U32(kVectorId);
  if constexpr (std::is_base_of_v<Boxed, T>) {
    std::uint32_t count = 0;
    for (const T& value : values) count += value.Expressible(layer...) ? 1 : 0;
    sink.U32(count);
    for (const T& value : values) {
      if (value.Expressible(layer...)) value.Write(sink, layer...);
    }
  } else {
    sink.U32(static_cast<std::uint32_t>(values.size()));
    for (const T& value : values) internal::WriteElement(sink, value, layer...);
  }
}

// Appends the value with its id: sizes first, one growth, one pass.
template <class T, class... Layer>
void AppendTo(std::vector<std::uint8_t>& out, const T& value, Layer... layer) {
  internal::AppendBytes(out, SizeOf(value, layer...),
                        [&](Writer& writer) { value.Write(writer, layer...); });
}

// `Range` is a span, vector or array of T.
template <class Range, class T = typename Range::value_type>
std::size_t SizeOfVector(const Range& values, int layer) {
  SizeCounter counter;
  WriteVector(counter, std::span<const T>(values), layer);
  return counter.bytes();
}

template <class Range, class T = typename Range::value_type>
void AppendVector(std::vector<std::uint8_t>& out, const Range& values, int layer) {
  internal::AppendBytes(out, SizeOfVector(values, layer), [&](Writer& writer) {
    WriteVector(writer, std::span<const T>(values), layer);
  });
}

inline void AppendBool(std::vector<std::uint8_t>& out, bool value) {
  internal::AppendBytes(out, 4, [&](Writer& writer) { writer.Bool(value); });
}

}  // namespace tl
