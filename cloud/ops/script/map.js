// Markets on an outline map: a graticule, a circle for each market, nothing loaded from anybody.
const element = document.getElementById("map");
if (element) draw(JSON.parse(document.getElementById("places").textContent));

function draw(places) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const map = L.map(element, { attributionControl: false, zoomSnap: 0.5 });
  const bounds = L.latLngBounds(places.map((place) => [place.latitude, place.longitude])).pad(0.4);
  map.fitBounds(bounds, { maxZoom: 13 });
  graticule(map, colour("--line"));
  for (const place of places) {
    const sort = place.marked ? "--failed" : "--held";
    const radius = 8 + 4 * Math.log10(1 + place.devices);
    const circle = L.circleMarker([place.latitude, place.longitude], {
      radius,
      color: colour(sort),
      fillColor: colour(sort),
      fillOpacity: 0.35,
      weight: 2,
    });
    const label = document.createElement("a");
    label.href = `/ops?site=${encodeURIComponent(place.site)}`;
    label.textContent = `${place.site} · ${place.devices} ${element.dataset.devices} · ${place.marked} ${element.dataset.marked}`;
    circle.addTo(map).bindPopup(label).bindTooltip(document.createTextNode(place.site), { permanent: true, direction: "right", offset: [radius, 0] });
  }
}

function graticule(map, colour) {
  const layer = L.layerGroup().addTo(map);
  const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20];
  function lines() {
    layer.clearLayers();
    const seen = map.getBounds();
    const step = STEPS.find((each) => (seen.getEast() - seen.getWest()) / each < 8) || 30;
    const line = (points) => L.polyline(points, { color: colour, weight: 1, interactive: false }).addTo(layer);
    for (let east = Math.ceil(seen.getWest() / step) * step; east < seen.getEast(); east += step) {
      line([[seen.getSouth(), east], [seen.getNorth(), east]]);
    }
    for (let north = Math.ceil(seen.getSouth() / step) * step; north < seen.getNorth(); north += step) {
      line([[north, seen.getWest()], [north, seen.getEast()]]);
    }
  }
  map.on("moveend", lines);
  lines();
}
