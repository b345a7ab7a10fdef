cargo build -q --release -j2 --examples 2>&1 | grep -E "^error" -A9
target/release/examples/measure /work/shared/checks/redaction_dev_sample.jsonl --show 3
for s in ${1:-1}; do target/release/examples/corpus $s ${2:-10} > /tmp/rc/c.jsonl; target/release/examples/measure /tmp/rc/c.jsonl --show ${3:-200} > /tmp/rc/out.txt; grep -E "^[+]core|^-core|^.disg|^recall" /tmp/rc/out.txt; done
awk '/^(WRONG|LOST|BROKEN|UNST)/{h=$0} /^   in/{print h" | "substr($0,7,230)}' /tmp/rc/out.txt > /tmp/rc/fails.txt; wc -l /tmp/rc/fails.txt
