"use strict";

// Says when the next ships sail. Without scripts the page links to the timetable instead.
function showNextDepartures() {
  const now = new Date();
  const next = nextDepartures(now.getHours() * 60 + now.getMinutes(), 3);
  const place = document.getElementById("next-departures");
  place.textContent =
    next.length === 0
      ? `No more sailings today. The first one tomorrow is at ${clock(departures[0])}.`
      : `To North Island at ${next.map(clock).join(", ")}.`;
}

showNextDepartures();
setInterval(showNextDepartures, 60_000);
