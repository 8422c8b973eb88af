/** Waits up to this long are counted down. Longer ones name the time of day when they end. */
const MAX_COUNTDOWN_SECONDS = 600;

export function isCountedDown(seconds: number): boolean {
  return seconds <= MAX_COUNTDOWN_SECONDS;
}

/** `0:42`. */
export function countdown(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** The time of day in `seconds`, with the weekday unless it is today. Never earlier than the time itself. */
export function clockTime(locale: string, seconds: number, now = new Date()): string {
  const minute = 60_000;
  const end = new Date(Math.ceil((now.getTime() + seconds * 1_000) / minute) * minute);
  const isToday = end.toDateString() === now.toDateString();
  return new Intl.DateTimeFormat(locale, {
    ...(!isToday && { weekday: 'long' }),
    hour: 'numeric',
    minute: '2-digit',
  }).format(end);
}
