#include "engine/map_core.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <utility>

#include "base/errors.hpp"
#include "engine/arrow_export.hpp"

namespace insitu::detail {

namespace {

constexpr uint64_t kPieceRows = 131072;
constexpr std::chrono::milliseconds kReaderGrace{200};

MapOptions with_defaults(MapOptions options, const RowFunction& function) {
  if (options.threads == 0) options.threads = std::max(1U, std::thread::hardware_concurrency());
  if (options.queue == 0) options.queue = 2 * options.threads;
  if (options.output_names.empty()) options.output_names = function.outputs();
  if (options.output_names.size() != function.outputs().size()) {
    throw SpecError("the row function \"" + std::string(function.name()) + "\" has " +
                    std::to_string(function.outputs().size()) + " outputs, but " +
                    std::to_string(options.output_names.size()) + " output names were given");
  }
  return options;
}

void check_distinct(const MapOptions& options) {
  std::set<std::string> seen;
  for (const auto* names : {&options.keep, &options.output_names}) {
    for (const std::string& name : *names) {
      if (seen.insert(name).second) continue;
      throw SpecError("the output would have two columns named \"" + name +
                      "\"; keep it once, or give the prediction another name");
    }
  }
}

// Numbers add up key by key; of anything else the first stays.
void add_notes(Json& into, const Json& from) {
  if (into.is_null()) {
    into = from;
  } else if (into.is_object() && from.is_object()) {
    for (const auto& [key, value] : from.items()) add_notes(into[key], value);
  } else if (into.is_number_integer() && from.is_number_integer()) {
    into = into.get<int64_t>() + from.get<int64_t>();
  } else if (into.is_number() && from.is_number()) {
    into = into.get<double>() + from.get<double>();
  }
}

}  // namespace

MapCore::MapCore(RowFunctionPtr function, BatchStream stream, const MapOptions& options)
    : function_(std::move(function)),
      options_(with_defaults(options, *function_)),
      stream_(std::move(stream)),
      notes_(Json::object()) {
  check_distinct(options_);
  if (!stream_.is_open()) throw SpecError("there is nothing to read: a map needs a stream");
  const UniqueSchema in = stream_.schema();
  layout_ = std::make_shared<const BatchLayout>(*in, function_->columns());
  make_schema(*in);
}

void MapCore::make_schema(const ArrowSchema& in) {
  std::vector<UniqueSchema> fields(options_.keep.size() + options_.output_names.size());
  size_t next = 0;
  for (const std::string& name : options_.keep) {
    const int index = layout_->schema.find(name);
    if (index < 0) {
      throw SpecError("the column \"" + name + "\", which is to be kept, is not in the data");
    }
    kept_.push_back(static_cast<size_t>(index));
    export_schema_copy(*in.children[index], fields[next++].receive());
  }
  for (const std::string& name : options_.output_names) {
    export_field(name, "g", ARROW_FLAG_NULLABLE, fields[next++].receive());
  }
  export_struct_schema(fields, out_schema_.receive());
}

void MapCore::start() {
  const std::shared_ptr<MapCore> self = shared_from_this();
  try {
    for (unsigned i = 0; i < options_.threads; ++i) {
      workers_.emplace_back([self] { self->work(); });
    }
    std::thread([self] { self->read(); }).detach();
  } catch (...) {
    reader_done_ = true;
    close();
    throw;
  }
}

void MapCore::read() {
  std::optional<Failure> failure = Failure::of([&] { read_stream(); });
  {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
    ended_ = true;
    ready_.notify_all();
    work_.notify_all();
  }
  stream_.close();
  const std::lock_guard lock(mutex_);
  reader_done_ = true;
  closed_.notify_all();
}

void MapCore::read_stream() {
  std::shared_ptr<const Batch> previous;
  for (;;) {
    UniqueArray array = stream_.next();
    if (!array) return;
    const auto shared = std::make_shared<const UniqueArray>(std::move(array));
    auto batch = std::make_shared<const Batch>(*layout_, shared, previous.get());
    if (!accept(batch)) return;
    previous = batch->has_dictionaries() ? std::move(batch) : nullptr;
  }
}

bool MapCore::accept(const std::shared_ptr<const Batch>& batch) {
  for (uint64_t begin = 0; begin < batch->rows(); begin += kPieceRows) {
    auto piece = std::make_shared<Piece>();
    piece->rows = {batch, begin, std::min(kPieceRows, batch->rows() - begin)};
    piece->first_row = rows_read_ + begin;
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closing_ || in_flight_.size() < options_.queue; });
    if (closing_) return false;
    todo_.push_back(piece);
    in_flight_.push_back(std::move(piece));
    work_.notify_one();
  }
  rows_read_ += batch->rows();
  return true;
}

void MapCore::work() {
  for (;;) {
    PiecePtr piece;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [&] { return closing_ || ended_ || !todo_.empty(); });
      if (closing_ || todo_.empty()) return;
      piece = std::move(todo_.front());
      todo_.pop_front();
    }
    std::optional<Failure> failure = Failure::of([&] { compute(*piece); });
    piece->rows.batch.reset();
    const std::lock_guard lock(mutex_);
    piece->failure = std::move(failure);
    piece->done = true;
    if (!in_flight_.empty() && in_flight_.front() == piece) ready_.notify_all();
  }
}

void MapCore::compute(Piece& piece) const {
  const auto rows = static_cast<int64_t>(piece.rows.rows);
  std::vector<DoubleBuffer> numbers;
  std::vector<double*> targets;
  for (size_t i = 0; i < options_.output_names.size(); ++i) {
    targets.push_back(numbers.emplace_back(rows).data());
  }
  piece.notes = Json::object();
  function_->apply(chunk_of(*layout_, {&piece.rows, 1}, piece.first_row), targets, piece.notes);

  const SharedArray& owner = piece.rows.batch->array();
  const ArrowArray& batch = **owner;
  std::vector<UniqueArray> columns(kept_.size() + numbers.size());
  size_t next = 0;
  for (const size_t index : kept_) {
    const int64_t begin = batch.offset + static_cast<int64_t>(piece.rows.begin);
    const ArrowArray* child = batch.children[index];
    if (child == nullptr || child->length < begin + rows) {
      throw DataError("column \"" + options_.keep[next] + "\" has fewer rows than its batch");
    }
    export_shared(*child, begin, rows, owner, columns[next++].receive());
  }
  for (DoubleBuffer& buffer : numbers) {
    export_doubles(std::move(buffer), columns[next++].receive());
  }
  export_struct(columns, rows, piece.output.receive());
}

UniqueArray MapCore::next() {
  PiecePtr piece;
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [&] { return in_flight_.empty() ? ended_ : in_flight_.front()->done; });
  if (in_flight_.empty()) {
    if (failure_) failure_->raise();
    return {};
  }
  piece = in_flight_.front();
  if (piece->failure) piece->failure->raise();  // it stays the front, so the error stays
  in_flight_.pop_front();
  room_.notify_one();
  add_notes(notes_, piece->notes);
  return std::move(piece->output);
}

Json MapCore::notes() const {
  const std::lock_guard lock(mutex_);
  if (!in_flight_.empty() && in_flight_.front()->done && in_flight_.front()->failure) {
    in_flight_.front()->failure->raise();
  }
  if (!ended_ || !in_flight_.empty()) {
    throw SpecError("the notes of a map are complete only when its stream was read to the end");
  }
  if (failure_) failure_->raise();
  return notes_;
}

void MapCore::close() {
  std::deque<PiecePtr> dropped;  // foreign memory is never released under the lock
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    todo_.swap(dropped);
    work_.notify_all();
    room_.notify_all();
  }
  for (std::thread& worker : workers_) {
    if (worker.joinable()) worker.join();
  }
  dropped.clear();
  std::unique_lock lock(mutex_);
  in_flight_.swap(dropped);
  closed_.wait_for(lock, kReaderGrace, [&] { return reader_done_; });
}

}  // namespace insitu::detail
