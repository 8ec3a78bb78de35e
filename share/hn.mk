# Rules for make: from a model to a HEF, a file per stage, so that `make -j` builds a model zoo.
#
#	include /usr/local/share/hntools/hn.mk
#	all: yolo.hef resnet.hef
#	resnet_CALIB = photos.npy
#	yolo_ONNX    = --end-node-names Conv_1,Conv_2
#
#	MODEL.onnx (or MODEL.tflite, or MODEL.pb)
#	            ->  MODEL.har  ->  MODEL.fp.har  ->  MODEL.q.har  ->  MODEL.a.har  ->  MODEL.hef
#
# For each MODEL there may be:
#	MODEL_CALIB   calibration set (default: CALIB); a file or folder, changes rebuild
#	MODEL_PARTS   parts of a calibration set in place of MODEL_CALIB, files or folders: a job each (hn-stat)
#	MODEL_ALLS    model script (default: MODEL.alls if there is one)
#	MODEL_ARCH    target (default: HW_ARCH)
#	MODEL_ONNX MODEL_TFLITE MODEL_TF MODEL_NORMALIZE MODEL_STAT MODEL_QUANTIZE MODEL_ALLOC   more options of that stage
#	MODEL_SOURCE  the ONNX file (default: MODEL.onnx)
# A SavedModel is named by its file: MODEL/saved_model.pb is that of MODEL.
# HN is the folder of the tools with a slash at its end, empty when they are in PATH.
HN      ?=
HW_ARCH ?= hailo8
CALIB   ?= calib.npy

.DELETE_ON_ERROR:
.SECONDEXPANSION:
# Every stage's bundle is kept.
.PRECIOUS: %.part.npz %.har %.fp.har %.q.har %.a.har %.hef

hn_alls  = $(or $($(1)_ALLS),$(wildcard $(1).alls))
# What MODEL is calibrated with: the statistics of its parts, or images.
hn_stats = $(patsubst %,$(1).%.part.npz,$(shell seq $(words $($(1)_PARTS))))
hn_calib = $(if $($(1)_PARTS),$(call hn_stats,$(1)),$(or $($(1)_CALIB),$(CALIB)))
# Of MODEL.N.part.npz: MODEL, and part N of its set.
hn_model = $(basename $(1))
hn_part  = $(word $(patsubst .%,%,$(suffix $(1))),$($(hn_model)_PARTS))
hn_quiet = $(if $(V),,-q)

%.fp.har: %.har $$(call hn_alls,$$*)
	$(HN)hn-normalize $(hn_quiet) $(addprefix -s ,$(call hn_alls,$*)) $($*_NORMALIZE) -o $@ $<
%.part.npz: $$(call hn_model,$$*).fp.har $$(call hn_part,$$*)
	$(HN)hn-stat $(hn_quiet) -c $(call hn_part,$*) $($(call hn_model,$*)_STAT) -o $@ $<
%.q.har: %.fp.har $$(call hn_calib,$$*)
	$(HN)hn-quantize $(hn_quiet) $(addprefix $(if $($*_PARTS),--stats ,-c ),$(call hn_calib,$*)) $($*_QUANTIZE) -o $@ $<
%.a.har: %.q.har
	$(HN)hn-alloc $(hn_quiet) -a $(or $($*_ARCH),$(HW_ARCH)) $($*_ALLOC) -o $@ $<
%.hef: %.a.har
	$(HN)hn2hef $(hn_quiet) -o $@ $<
%.har: $$(or $$($$*_SOURCE),$$*.onnx)
	$(HN)onnx2hn $(hn_quiet) --net-name $(notdir $*) $($*_ONNX) -o $@ $<
%.har: %.tflite
	$(HN)tflite2hn $(hn_quiet) --net-name $(notdir $*) $($*_TFLITE) -o $@ $<
%.har: %.pb
	$(HN)tf2hn $(hn_quiet) --net-name $(notdir $*) $($*_TF) -o $@ $<
%.har: %/saved_model.pb
	$(HN)tf2hn $(hn_quiet) --net-name $(notdir $*) $($*_TF) -o $@ $*
