/* Functions whose use does not compile: each has a bounded or checked replacement in base/. */
#ifndef HN_BASE_BANNED_H
#define HN_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC poison strcpy strcat strncpy sprintf vsprintf strtok atoi atof gets popen rand

#endif
