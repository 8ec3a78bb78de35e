# Text of a large network for mkonnx:  awk -v kind=KIND -v n=NODES -f bignet.awk
#
#	blocks    conv, batch norm and relu, with a concat and an addition now and then
#	elements  elementwise nodes, each with the one before, some with an older one
#	failing   elements, and an unsupported node behind them
#	fan       n outputs
#	faults    every other node is unsupported
BEGIN {
	print "opset 13\ninput x 1,8,4,4\ninit k 8,8,1,1 0.1 0.2\ninit v 8 1\ninit w 8,16,1,1 0.1"
	last = old = "x"
	for (i = 0; i < n; i++)
		if (kind == "blocks")
			block(i % 40)
		else if (kind == "fan")
			fan()
		else if (kind == "faults")
			node(i % 2 ? "Conv" : "LRN", i % 2 ? last ",k" : last, i % 2 ? "" : " size=3")
		else
			element(i % 50)
	if (kind == "failing")
		node("LRN", last, " size=3")
	printf "%s", kind == "fan" ? outputs : "output " last "\n"
}

function node(op, in_, more) {
	last = "t" i
	print "node " op " n" i " " in_ " " last more
}

function block(k) {
	if (k == 36)
		node("Conv", (old = last) ",k")
	else if (k == 37)
		node("Concat", last "," old, " axis=1")
	else if (k == 38)
		node("Conv", last ",w")
	else if (k == 39)
		node("Add", last "," old)
	else if (k % 3 == 0)
		node("Conv", last ",k")
	else
		node(k % 3 == 1 ? "BatchNormalization" : "Relu", last (k % 3 == 1 ? ",v,v,v,v" : ""))
}

function element(k) {
	if (k % 3 == 2)
		node("Add", last "," old)
	else
		node(k % 3 ? "Sigmoid" : "Relu", last)
	if (k == 0)
		old = last
}

function fan() {
	node("Relu", "x")
	outputs = outputs "output t" i "\n"
}
