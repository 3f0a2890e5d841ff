#include "engine/engine.hpp"

#include <utility>

#include "engine/run_core.hpp"

namespace insitu {

Run::Run(AnalysisPtr analysis, ArrowArrayStream* stream, Cache* cache, const RunOptions& options)
    : core_(std::make_shared<detail::RunCore>(std::move(analysis), BatchStream(stream),
                                              cache != nullptr ? cache->store() : nullptr,
                                              options)) {
  core_->start();
}

Run::~Run() {
  core_->cancel();
  core_->join();
}

Progress Run::poll(std::chrono::milliseconds timeout) { return core_->poll(timeout); }

void Run::cancel() { core_->cancel(); }

std::unique_ptr<AnyState> Run::finish() {
  core_->join();
  return core_->take();
}

}  // namespace insitu
