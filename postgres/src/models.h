/* From states to models. */
#ifndef INSITU_MODELS_H
#define INSITU_MODELS_H

#include "postgres.h"

#include "insitu/c_api.h"

/* The result of a finished fit as a value of type insitu.model. */
extern struct varlena* insitu_seal_result(const insitu_fit* fit);

#endif
