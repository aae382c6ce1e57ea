"""Which pin does what: the only place that knows the wiring of the reference board (ESP32-S3-WROOM-1, 8 MB PSRAM)."""

LOAD_CELL_DATA = 4
LOAD_CELL_CLOCK = 5

KEY_ROWS = (6, 7, 15, 16)
KEY_COLUMNS = (17, 18, 8, 3, 46)

CARD_UART = (1, 9, 10)  # (UART number, TX, RX)
PRINTER_UART = (2, 11, 12)

DISPLAY_I2C = (0, 14, 13)  # (bus, SCL, SDA)

LAMPS = {"stable": 21, "zero": 47, "net": 48, "link": 45, "pending": 39, "alarm": 38}
