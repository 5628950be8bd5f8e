#!/bin/bash
# Runs in the guest at each boot, as root. Every line on the console that begins with ### is read by the test.
exec > /root/in-guest.log 2>&1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
say() { echo "### $*" >> "${CONSOLE:-/dev/ttyS0}"; }
step() {
  name=$1
  shift
  if "$@" > /root/step.log 2>&1; then say "ok: $name"
  else say "failed: $name: $(tail -c 900 /root/step.log | tr '\n' '|')"; fi
}
is_up() { curl -sf -o /dev/null http://127.0.0.1:"$1"/; }
until_true() { for _ in $(seq 300); do "$@" && return 0; sleep 1; done; return 1; }
main_pid() { systemctl show -p MainPID --value wattle; }
token_works() { . /var/lib/wattle/openrc && curl -sf -o /dev/null -H 'content-type: application/json' -d "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"admin\",\"domain\":{\"id\":\"default\"},\"password\":\"$OS_PASSWORD\"}}}}}" "$OS_AUTH_URL/auth/tokens"; }

install() { dpkg -i /root/wattle.deb; }
starts_nothing() { ! systemctl is-active --quiet wattle && ! systemctl is-enabled --quiet wattle && ! pgrep -f main.js; }
controller_runs() {
  systemctl start wattle-controller && is_up 5000 && is_up 8774 &&
    [ "$(ps -o user= -p "$(systemctl show -p MainPID --value wattle-controller)")" = wattle ] && systemctl stop wattle-controller
}
cloud_starts() { wattle start && systemctl is-active --quiet wattle && token_works; }
logs_in_place() { [ -s /var/log/wattle/requests.log ] && journalctl -u wattle | grep -q '"ready"'; }
status_agrees() { until_true wattle status; }
stop_stays() { wattle stop && sleep 4 && ! systemctl is-active --quiet wattle && systemctl start wattle; }
is_new() { [ "$(main_pid)" != "$1" ] && [ "$(main_pid)" != 0 ] && systemctl is-active --quiet wattle && token_works; }
killed_returns() { before=$(main_pid); kill -9 "$before"; until_true is_new "$before"; }
killed_often_returns() { for _ in 1 2 3 4 5 6; do kill -9 "$(main_pid)"; sleep 3; done; until_true is_new 0; }
daemon_outlives() {
  pid=$(pgrep -n dnsmasq || pgrep -n tgtd || true)
  systemctl restart wattle && { [ -z "$pid" ] || [ -d /proc/"$pid" ]; }
}
reboots_at_boot() { until_true systemctl is-active --quiet wattle && token_works; }
upgrade_restarts() { before=$(main_pid); dpkg -i /root/wattle.deb && until_true is_new "$before"; }
removal_keeps_data() { dpkg -r wattle && [ -e /var/lib/wattle/id ] && [ -e /etc/wattle/wattle.yaml ] && ! pgrep -f main.js; }
purge_is_clean() { dpkg -P wattle && [ ! -e /etc/wattle ] && [ ! -e /var/log/wattle ] && [ ! -e /usr/lib/wattle ] && [ -e /var/lib/wattle/id ]; }

if [ ! -e /root/second-boot ]; then
  step 'the package installs' install
  step 'the installation starts nothing' starts_nothing
  step 'services run without root' controller_runs
  cat > /etc/wattle/wattle.yaml <<'S'
compute-agent: {driver: fake}
volume-agent: {driver: fake}
S
  step 'wattle start starts the unit, and returns when the cloud is ready' cloud_starts
  step 'status agrees' status_agrees
  step 'logs are in place' logs_in_place
  step 'wattle stop stops the unit' stop_stays
  step 'it survives kill -9' killed_returns
  step 'it survives six quick kills' killed_often_returns
  step 'daemons outlive a restart' daemon_outlives
  step 'an upgrade restarts what runs' upgrade_restarts
  systemctl enable wattle
  touch /root/second-boot
  sync
  say 'reboot'
  systemctl reboot
else
  step 'it is back after a reboot' reboots_at_boot
  step 'a removal ends the cloud and keeps its data' removal_keeps_data
  step 'a purge removes what is the package'"'"'s' purge_is_clean
  say 'end'
  sync
  systemctl poweroff
fi
