#pragma once
// The calls that users of generated types make: Read, SizeOf, AppendTo, and the same for vectors.
// The generated types bring ReadFrom, Write and Expressible as members, so this file knows no
// schema, and a call does not have to be told apart from three thousand overloads.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tl/runtime/reader.h"
#include "tl/runtime/writer.h"

namespace tl {

namespace internal {

// `Vector<T>` with its id, from cursor to cursor.
template <class T>
[[gnu::noinline]] Cursor VectorFrom(Cursor c, Reader& reader, std::span<const T>& into) {
  if constexpr (std::is_arithmetic_v<T>) {
    return reader.NumberVector<T>(c, into);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return reader.BytesVector(c, into);
  } else {
    std::size_t count = 0;
    c = reader.BoxedCount(c, 4, count);
    const std::span<T> values = reader.NewArray<T>(count);
    into = values;
    // After a failure the rest fails too, each at once: there are no more of them than words.
    for (T& value : values) c = value.ReadFrom(c, reader);
    return c;
  }
}

}  // namespace internal

// A boxed value of any layer; empty when the reader failed.
template <class Any>
Any Read(Reader& reader) {
  Any value;
  reader.Advance([&](Cursor c) { return value.ReadFrom(c, reader); });
  return reader.ok() ? value : Any();
}

// `Vector<T>` with its id, T a boxed type, a number or a text; empty when the reader failed.
template <class T>
std::span<const T> ReadVector(Reader& reader) {
  std::span<const T> values;
  reader.Advance([&](Cursor c) { return internal::VectorFrom(c, reader, values); });
  return reader.ok() ? values : std::span<const T>();
}

// Writes the value with its id into a Writer or a SizeCounter; `layer...` is one int for the API
// and nothing for MTProto's own types.
template <class Sink, class T, class... Layer>
void Write(Sink& sink, const T& value, Layer... layer) {
  sink = value.Write(sink, layer...);
}

// Bytes of the value with its id.
template <class T, class... Layer>
std::size_t SizeOf(const T& value, Layer... layer) {
  return value.Write(SizeCounter(), layer...).bytes();
}

namespace internal {

template <class Fill>
void AppendBytes(std::vector<std::uint8_t>& out, std::size_t size, Fill fill) {
  const std::size_t start = out.size();
  out.resize(start + size);
  [[maybe_unused]] const Writer end = fill(Writer(out.data() + start));
  assert(end.at() == out.data() + out.size());
}

// Elements that the layer can't express are left out; how many are written is known at the end.
template <class Sink, class T>
[[gnu::noinline]] Sink WriteElements(Sink sink, std::span<const T> values, int layer) {
  sink.U32(kVectorId);
  const Sink before_count = sink;
  sink.U32(0);
  std::uint32_t count = 0;
  for (const T& value : values) {
    if (!value.Expressible(layer)) continue;
    sink = value.Put(sink, layer);
    ++count;
  }
  Sink(before_count).U32(count);
  return sink;
}

template <class Sink>
[[gnu::noinline]] Sink WriteTexts(Sink sink, std::span<const std::string_view> texts) {
  sink.U32(kVectorId);
  sink.U32(static_cast<std::uint32_t>(texts.size()));
  for (const std::string_view text : texts) sink.Bytes(text);
  return sink;
}

}  // namespace internal

// `Vector<T>` with its id; elements that the layer can't express are left out and not counted.
template <class Sink, class T>
Sink WriteVector(Sink sink, std::span<const T> values, int layer = 0) {
  if constexpr (std::is_arithmetic_v<T>) {
    sink.U32(kVectorId);
    sink.U32(static_cast<std::uint32_t>(values.size()));
    sink.Numbers(values);
    return sink;
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return internal::WriteTexts(sink, values);
  } else {
    if (!values.empty()) return internal::WriteElements(sink, values, layer);
    sink.U32(kVectorId);
    sink.U32(0);
    return sink;
  }
}

// Appends the value with its id: sizes first, one growth, one pass.
template <class T, class... Layer>
void AppendTo(std::vector<std::uint8_t>& out, const T& value, Layer... layer) {
  internal::AppendBytes(out, SizeOf(value, layer...),
                        [&](Writer writer) { return value.Write(writer, layer...); });
}

// Writes the value with its id to the front of `buffer`; false, and nothing is written, when it is
// too small.
template <class T, class... Layer>
bool WriteTo(std::span<std::uint8_t> buffer, const T& value, Layer... layer) {
  if (SizeOf(value, layer...) > buffer.size()) return false;
  value.Write(Writer(buffer.data()), layer...);
  return true;
}

// `Range` is a span, vector or array of T.
template <class Range, class T = typename Range::value_type>
std::size_t SizeOfVector(const Range& values, int layer) {
  return WriteVector(SizeCounter(), std::span<const T>(values), layer).bytes();
}

template <class Range, class T = typename Range::value_type>
void AppendVector(std::vector<std::uint8_t>& out, const Range& values, int layer) {
  internal::AppendBytes(out, SizeOfVector(values, layer), [&](Writer writer) {
    return WriteVector(writer, std::span<const T>(values), layer);
  });
}

inline void AppendBool(std::vector<std::uint8_t>& out, bool value) {
  internal::AppendBytes(out, 4, [&](Writer writer) {
    writer.Bool(value);
    return writer;
  });
}

}  // namespace tl
