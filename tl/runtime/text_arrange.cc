#include "tl/runtime/text_arrange.h"

#include <algorithm>
#include <array>

#include "tl/runtime/reader.h"
#include "tl/runtime/writer.h"

namespace tl::text {
namespace {

class Arranger {
 public:
  Arranger(const Entry& entry, std::span<const Piece> pieces, std::vector<std::uint8_t>& bytes)
      : entry_(entry), pieces_(pieces), bytes_(bytes) {}

  // Writes the fields behind what there is, then takes the pieces away.
  std::string Run(std::size_t begin) {
    const std::size_t middle = bytes_.size();
    MakeFlags();
    std::string why;
    std::size_t word = 0;
    for (std::size_t i = 0; i < pieces_.size() && why.empty(); ++i) {
      if (FieldAt(i).kind == FieldKind::kFlags) {
        PutWord(words_[word++]);
      } else if (IsSize(i)) {
        why = PutSize(i);
      } else if (pieces_[i].present) {
        Append(pieces_[i]);
      } else {
        why = WhyMissing(i);
      }
    }
    const auto from = bytes_.begin() + static_cast<std::ptrdiff_t>(begin);
    bytes_.erase(from, from + static_cast<std::ptrdiff_t>(middle - begin));
    return why;
  }

 private:
  const SchemaField& FieldAt(std::size_t i) const { return entry_.schema->Field(*entry_.line, i); }

  // Bits that the text spells, and those of the fields that are there.
  void MakeFlags() {
    std::size_t word = 0;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const SchemaField& field = FieldAt(i);
      if (field.kind == FieldKind::kFlags) {
        words_[word++] |= pieces_[i].present ? WordAt(pieces_[i].start) : 0;
      } else if (field.conditional() && pieces_[i].present) {
        words_[field.word] |= std::uint32_t{1} << field.bit;
      }
    }
  }

  // The length of a body, which need not be spelt.
  bool IsSize(std::size_t i) const {
    return i + 1 < pieces_.size() && FieldAt(i + 1).kind == FieldKind::kSizedObject;
  }
  std::string PutSize(std::size_t i) {
    const Piece& body = pieces_[i + 1];
    const auto size = static_cast<std::uint32_t>(body.end - body.start);
    PutWord(size);
    if (!pieces_[i].present || WordAt(pieces_[i].start) == size) return {};
    return Name(i) + " must be " + std::to_string(size);
  }

  std::string WhyMissing(std::size_t i) const {
    const SchemaField& field = FieldAt(i);
    if (!field.conditional()) return Name(i) + " is missing";
    if (field.kind == FieldKind::kTrue || (words_[field.word] >> field.bit & 1) == 0) return {};
    return Name(i) + " is missing: its flag is set";
  }

  std::string Name(std::size_t i) const {
    return std::string(entry_.name()) + "." + std::string(entry_.schema->Name(FieldAt(i).name));
  }

  void Append(const Piece& piece) {
    const std::size_t to = bytes_.size();
    bytes_.resize(to + piece.end - piece.start);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(piece.start), piece.end - piece.start,
                bytes_.begin() + static_cast<std::ptrdiff_t>(to));
  }

  void PutWord(std::uint32_t word) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(word));
    Writer(bytes_.data() + at).U32(word);
  }

  std::uint32_t WordAt(std::size_t at) const {
    return Reader(RawObject(bytes_).subspan(at), nullptr).U32();
  }

  const Entry& entry_;
  std::span<const Piece> pieces_;
  std::vector<std::uint8_t>& bytes_;
  std::array<std::uint32_t, Schema::kFlagWordsMax> words_{};
};

}  // namespace

std::string Arrange(const Entry& entry, std::span<const Piece> pieces, std::size_t begin,
                    std::vector<std::uint8_t>& bytes) {
  return Arranger(entry, pieces, bytes).Run(begin);
}

}  // namespace tl::text
