/* What the files of base share among themselves. */
#ifndef HN_BASE_BASE_INT_H
#define HN_BASE_BASE_INT_H

/* The tool's name, for messages; "hntools" before log_setup. */
const char *log_tool(void);

#endif
