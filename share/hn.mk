# Rules for make: from a model to a HEF, a file per stage, so that `make -j` builds a model zoo.
#
#	include /usr/local/share/hntools/hn.mk
#	all: yolo.hef resnet.hef
#	resnet_CALIB = photos.npy
#	yolo_ONNX    = --end-node-names Conv_1,Conv_2
#
#	MODEL.onnx (or MODEL.tflite)
#	            ->  MODEL.har  ->  MODEL.fp.har  ->  MODEL.q.har  ->  MODEL.a.har  ->  MODEL.hef
#
# For each MODEL there may be:
#	MODEL_CALIB   calibration set (default: CALIB); a file or folder, changes rebuild
#	MODEL_ALLS    model script (default: MODEL.alls if there is one)
#	MODEL_ARCH    target (default: HW_ARCH)
#	MODEL_ONNX MODEL_TFLITE MODEL_NORMALIZE MODEL_QUANTIZE MODEL_ALLOC   more options of that stage
#	MODEL_SOURCE  the ONNX file (default: MODEL.onnx)
# HN is the folder of the tools with a slash at its end, empty when they are in PATH.
HN      ?=
HW_ARCH ?= hailo8
CALIB   ?= calib.npy

.DELETE_ON_ERROR:
.SECONDEXPANSION:
# Every stage's bundle is kept.
.PRECIOUS: %.har %.fp.har %.q.har %.a.har %.hef

hn_alls  = $(or $($(1)_ALLS),$(wildcard $(1).alls))
hn_quiet = $(if $(V),,-q)

%.fp.har: %.har $$(call hn_alls,$$*)
	$(HN)hn-normalize $(hn_quiet) $(addprefix -s ,$(call hn_alls,$*)) $($*_NORMALIZE) -o $@ $<
%.q.har: %.fp.har $$(or $$($$*_CALIB),$$(CALIB))
	$(HN)hn-quantize $(hn_quiet) -c $(or $($*_CALIB),$(CALIB)) $($*_QUANTIZE) -o $@ $<
%.a.har: %.q.har
	$(HN)hn-alloc $(hn_quiet) -a $(or $($*_ARCH),$(HW_ARCH)) $($*_ALLOC) -o $@ $<
%.hef: %.a.har
	$(HN)hn2hef $(hn_quiet) -o $@ $<
%.har: $$(or $$($$*_SOURCE),$$*.onnx)
	$(HN)onnx2hn $(hn_quiet) --net-name $(notdir $*) $($*_ONNX) -o $@ $<
%.har: %.tflite
	$(HN)tflite2hn $(hn_quiet) --net-name $(notdir $*) $($*_TFLITE) -o $@ $<
