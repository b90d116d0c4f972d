// Keeps the truth about a heap: every block that malloc gave and what became of it.
//
// The program's malloc, free, ... and its operators new stand before those of whatever allocator
// the process has (libc's, or one that LD_PRELOAD brought). Each block is entered in a shadow of
// the address space: five bytes for sixteen. The shadow holds no addresses, so it keeps no block
// alive, and is left out of cores.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ledger {

// What will be true of a block in the dump. Kept in step with heap.py.
enum Kind : uint8_t {
  kOther = 0,        // of a library
  kReachable = 1,    // from global data
  kLeakedHead = 2,   // nobody points to it
  kLeakedWith = 3,   // only a leaked block points to it
  kLeakedCycle = 4,  // lies on a leaked cycle
  kTagged = 5,       // pointers to it carry a tag in their upper 16 bits
  kMapping = 6,      // only an anonymous mapping points to it
  kRegister = 7,
  kStack = 8,
  kThreadLocal = 9,
  kArray = 10,     // held by the pointer behind the count of `new T[n]`
  kBase = 11,      // held by a pointer to its second base
  kInterior = 12,  // held by a pointer into its middle, for no reason
};

// Blocks that this thread is given from now on are of this kind.
Kind expect(Kind kind);

// Sets the kind for as long as it lives.
class Expect {
 public:
  explicit Expect(Kind kind) : before_(expect(kind)) {}
  ~Expect() { expect(before_); }

 private:
  Kind before_;
};

// What a block holds, as the program's source says. Kept in step with types_of_blocks.py.
enum Type : uint8_t {
  kNoType = 0,      // of a library, or before main
  kWorlds = 1,      // World[], behind its count
  kMapNode = 2,     // of map<uint64_t, string>
  kCharacters = 3,  // of a string
  kHashNode = 4,    // of unordered_map<uint64_t, vector<int>>
  kBuckets = 5,     // of the same
  kInts = 6,        // of vector<int>
  kListNode = 7,    // of list<string>
  kSquare = 8,
  kPicture = 9,
  kPoster = 10,
  kCountedSquare = 11,  // what make_shared<Square> makes
  kItems = 12,          // Item[], behind its count
  kNode = 13,
  kRawChars = 14,       // new char[n], no characters
  kOwnedShapes = 15,    // of vector<unique_ptr<Shape>>
  kSharedSquares = 16,  // of vector<shared_ptr<Square>>
  kOwnedBuffers = 17,   // of vector<unique_ptr<char[]>>
  kAddresses = 18,      // of vector<uint64_t>
  kItemPointers = 19,   // of vector<Item*>
  kNamedPointers = 20,  // of vector<Named*>
  kCharPointers = 21,   // of vector<char*>
};

// Says what a live block holds; false when no live block begins there.
bool is(const void* block, Type type);

// Blocks given so far, by all threads, less those taken back.
uint64_t live();

// Writes "INQHEAP1", the number of records, and a record for each block in ascending order:
// u64 address, u32 usable bytes, u8 kind, u8 1 if it is live, 0 if it was freed, u8 type,
// u8 0.
bool write(const char* path);

}  // namespace ledger
