"use strict";

// Departures from the mainland quay, in minutes after midnight. The same times as in timetable.html.
const departures = [390, 510, 630, 750, 870, 990, 1110, 1230];

// The next departures after a minute of the day, at most `count`; those of tomorrow are not among them.
function nextDepartures(minute, count) {
  return departures.filter((departure) => departure > minute).slice(0, count);
}

// 390 as "06:30".
function clock(minute) {
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}
