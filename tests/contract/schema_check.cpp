// schema_check PINNED TODAY: holds today's schemas against released ones. Both are what
// `capnp compile -o- FILE...` prints, a CodeGeneratorRequest. Prints what changed, and fails, where
//   - Cap'n Proto's SchemaLoader takes the two for incompatible,
//   - or a released node, field, enumerant or method is gone, or is not what it was in a way that
//   the
//     loader lets pass: its name, its exact type, its default, its place.
// Additions are fine.
#include <fcntl.h>
#include <unistd.h>

#include <iostream>
#include <map>
#include <string>
#include <capnp/schema-loader.h>
#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>

namespace {

using capnp::schema::CodeGeneratorRequest;
using capnp::schema::Field;
using capnp::schema::Node;

class SchemaFile {
 public:
  explicit SchemaFile(const char* path)
      : file_(open(path, O_RDONLY | O_CLOEXEC)), reader_(file_.get()) {
    for (Node::Reader node : request().getNodes()) nodes_.emplace(node.getId(), node);
  }
  CodeGeneratorRequest::Reader request() { return reader_.getRoot<CodeGeneratorRequest>(); }
  const Node::Reader* find(std::uint64_t id) const {
    const auto found = nodes_.find(id);
    return found == nodes_.end() ? nullptr : &found->second;
  }
  const std::map<std::uint64_t, Node::Reader>& nodes() const { return nodes_; }

 private:
  kj::AutoCloseFd file_;
  capnp::StreamFdMessageReader reader_;
  std::map<std::uint64_t, Node::Reader> nodes_;
};

class Comparison {
 public:
  Comparison(const SchemaFile& pinned, const SchemaFile& today) : pinned_(pinned), today_(today) {}

  // The number of differences; each was printed.
  int run() {
    // Today's first: a node that is loaded again must be compatible with what is there.
    for (const auto& [id, node] : today_.nodes()) loader_.load(node);
    for (const auto& [id, node] : pinned_.nodes()) {
      const std::string name = node.getDisplayName().cStr();
      if (const Node::Reader* today = today_.find(id)) {
        load(name, node);
        compare(name, node, *today);
      } else {
        complain(name, "is gone");
      }
    }
    return differences_;
  }

 private:
  void complain(const std::string& where, const std::string& what) {
    std::cout << "contract: " << where << " " << what << "\n";
    ++differences_;
  }
  // Any text or struct of a schema, as Cap'n Proto prints it.
  template <class T>
  void same(const std::string& where, const char* what, const T& pinned, const T& today) {
    const std::string before = kj::str(pinned).cStr(), now = kj::str(today).cStr();
    if (before != now) {
      complain(where, "has another " + std::string(what) + ": was " + before + ", is " + now);
    }
  }

  void load(const std::string& name, const Node::Reader& node) {
    KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&] { loader_.load(node); })) {
      complain(name, "is incompatible: " + std::string(exception->getDescription().cStr()));
    }
  }

  void compare(const std::string& name, const Node::Reader& pinned, const Node::Reader& today) {
    same(name, "name", pinned.getDisplayName(), today.getDisplayName());
    if (pinned.which() != today.which()) return complain(name, "is of another sort");
    if (pinned.isStruct()) {
      compare_fields(name, pinned.getStruct().getFields(), today.getStruct().getFields());
    } else if (pinned.isInterface()) {
      compare_methods(name, pinned.getInterface().getMethods(), today.getInterface().getMethods());
    } else if (pinned.isEnum()) {
      compare_enumerants(name, pinned.getEnum().getEnumerants(), today.getEnum().getEnumerants());
    } else if (pinned.isConst()) {
      // Its value may rise: wireVersion is the highest one that is spoken.
      same(name, "type", pinned.getConst().getType(), today.getConst().getType());
    }
  }

  // Fields, methods and enumerants are listed by ordinal.
  template <class List>
  bool has(const std::string& where, unsigned ordinal, const char* sort, const List& today,
           const std::string& name) {
    if (ordinal < today.size()) return true;
    complain(where,
             "has lost the " + std::string(sort) + " " + name + " @" + std::to_string(ordinal));
    return false;
  }

  void compare_fields(const std::string& name, capnp::List<Field>::Reader pinned,
                      capnp::List<Field>::Reader today) {
    for (unsigned i = 0; i < pinned.size(); ++i) {
      if (!has(name, i, "field", today, pinned[i].getName().cStr())) continue;
      compare_field(name + "." + pinned[i].getName().cStr(), pinned[i], today[i]);
    }
  }

  void compare_field(const std::string& where, Field::Reader pinned, Field::Reader today) {
    same(where, "name", pinned.getName(), today.getName());
    same(where, "ordinal", pinned.getOrdinal(), today.getOrdinal());
    same(where, "number in its union", pinned.getDiscriminantValue(), today.getDiscriminantValue());
    if (pinned.which() != today.which()) return complain(where, "is a group no longer, or is one");
    if (!pinned.isSlot()) return same(where, "group", pinned.getGroup(), today.getGroup());
    same(where, "type", pinned.getSlot().getType(), today.getSlot().getType());
    same(where, "default", pinned.getSlot().getDefaultValue(), today.getSlot().getDefaultValue());
    same(where, "offset", pinned.getSlot().getOffset(), today.getSlot().getOffset());
  }

  void compare_methods(const std::string& name, capnp::List<capnp::schema::Method>::Reader pinned,
                       capnp::List<capnp::schema::Method>::Reader today) {
    for (unsigned i = 0; i < pinned.size(); ++i) {
      if (!has(name, i, "method", today, pinned[i].getName().cStr())) continue;
      const std::string where = name + "." + pinned[i].getName().cStr();
      same(where, "name", pinned[i].getName(), today[i].getName());
      same(where, "params", type_name(pinned_, pinned[i].getParamStructType()),
           type_name(today_, today[i].getParamStructType()));
      same(where, "results", type_name(pinned_, pinned[i].getResultStructType()),
           type_name(today_, today[i].getResultStructType()));
    }
  }

  void compare_enumerants(const std::string& name,
                          capnp::List<capnp::schema::Enumerant>::Reader pinned,
                          capnp::List<capnp::schema::Enumerant>::Reader today) {
    for (unsigned i = 0; i < pinned.size(); ++i) {
      if (!has(name, i, "enumerant", today, pinned[i].getName().cStr())) continue;
      same(name, "enumerant", pinned[i].getName(), today[i].getName());
    }
  }

  // A type by its name and its number: two types may have one name.
  static std::string type_name(const SchemaFile& file, std::uint64_t id) {
    const Node::Reader* node = file.find(id);
    return (node == nullptr ? std::string("?") : node->getDisplayName().cStr()) + " @0x" +
           kj::str(kj::hex(id)).cStr();
  }

  const SchemaFile& pinned_;
  const SchemaFile& today_;
  capnp::SchemaLoader loader_;
  int differences_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: schema_check PINNED TODAY\n";
    return 2;
  }
  try {
    SchemaFile pinned(argv[1]), today(argv[2]);
    if (Comparison(pinned, today).run() != 0) return 1;
    std::cout << pinned.nodes().size() << " nodes: as released\n";
  } catch (const kj::Exception& exception) {
    std::cerr << "schema_check: " << exception.getDescription().cStr() << "\n";
    return 2;
  }
}
