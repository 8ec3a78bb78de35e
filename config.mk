# What a user may change; on the command line too: make CC=clang PREFIX=$HOME/.local
CC       = gcc
AR       = ar
PREFIX   = /usr/local
MANDIR   = $(PREFIX)/share/man
SHAREDIR = $(PREFIX)/share/hntools
CFLAGS   = -O2 -g
LDFLAGS  =
VERSION  = 0.1.0
