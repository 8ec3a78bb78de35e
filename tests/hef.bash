# For tests that look into a HEF: `load hef`.

# The message as protoc reads it by our schema: behind the header, whose size the version tells.
hef_message() {
	local version size
	version=$((16#$(head -c 8 "$1" | tail -c 1 | od -An -tx1 | tr -d ' ')))
	size=$((16#$(head -c 12 "$1" | tail -c 4 | od -An -tx1 | tr -d ' ')))
	tail -c +$(($(echo 32 28 44 56 | cut -d ' ' -f $((version + 1))) + 1)) "$1" | head -c "$size" |
		protoc --proto_path="$ROOT/lib" --decode=hef.Hef hef/hef.proto
}
