/* version.h - the version that results carry: points of a sweep that another version made are run
 * again. */
#ifndef POOLSIM_RUN_VERSION_H
#define POOLSIM_RUN_VERSION_H

#define POOLSIM_VERSION "0.1.0"

#endif
