import { loadavg, uptime } from 'node:os';

/** The line of the command `uptime`, which clients of Nova parse: ` 08:32:11 up 93 days, 18:25,  0 users,  load average: 0.20, 0.12, 0.14`. */
export function uptimeText(now = new Date(), seconds = uptime(), loads = loadavg()): string {
  const minutes = Math.floor(seconds / 60);
  const days = Math.floor(minutes / 1440);
  const [hours, rest] = [Math.floor(minutes / 60) % 24, minutes % 60];
  const long = days === 0 ? '' : `${days} ${days === 1 ? 'day' : 'days'}, `;
  const short = hours === 0 ? `${rest} min` : `${String(hours).padStart(2)}:${String(rest).padStart(2, '0')}`;
  const average = loads.map((load) => load.toFixed(2)).join(', ');
  return ` ${now.toISOString().slice(11, 19)} up ${long}${short},  0 users,  load average: ${average}`;
}
