"""Quoted history and signatures are split off, in many languages, and what was written now is kept."""

import pytest

from countersign.adapters.mail.quotes import split

MINE = "Where is my order FH-10001?\nIt should be here by now."

ATTRIBUTIONS = [
    "On Mon, Aug 26, 2019 at 4:37 PM Desk <support@fernhill.example> wrote:",
    "On Mon, Aug 26, 2019 at 4:37 PM The Rather Long Name <\nsupport@fernhill.example> wrote:",
    "On Dec 16, 2011, at 12:47 PM, Corey\n<support@fernhill.example>\nwrote:",
    "On 01/03/11 7:07 PM, Russell Brown wrote:",
    "--- On Wed, 4/4/12, support@fernhill.example <support@fernhill.example> wrote:",
    "Am 13.12.2017 um 21:11 schrieb Fernhill <support@fernhill.example>:",
    "Am Mi., 13. Dez. 2017 um 21:11 Uhr schrieb Fernhill & Co <\nsupport@fernhill.example>:",
    "Le 15 janv. 2024 à 14:30, Fernhill <support@fernhill.example> a écrit :",
    "El lun., 3 jun. 2024 a las 10:00, Fernhill (<support@fernhill.example>) escribió:",
    "Em 10 de julho de 2017 às 16:32:35, Fernhill (\nsupport@fernhill.example) escreveu:",
    "Il giorno lun 3 giu 2024 alle ore 10:00 Fernhill <support@fernhill.example> ha scritto:",
    "Op ma 3 jun. 2024 om 10:00 schreef Fernhill <support@fernhill.example>:",
    "W dniu 2017-01-09 11:59:39 użytkownik Fernhill <support@fernhill.example> napisał:",
    "Den mån 3 juni 2024 kl 10:00 skrev Fernhill <support@fernhill.example>:",
    "Den man. 3. jun. 2024 kl. 10.00 skrev Fernhill <support@fernhill.example>:",
    "Dne 3. 6. 2024 v 10:00 Fernhill napsal(a):",
    "ma 3. kesäk. 2024 klo 10.00 Fernhill (support@fernhill.example) kirjoitti:",
    "Fernhill <support@fernhill.example> ezt írta (időpont: 2024. jún. 3., H, 10:00):",
    "пн, 3 июн. 2024 г. в 10:00, Fernhill <support@fernhill.example>:",
    "3 июня 2024 г., в 10:00, Fernhill <support@fernhill.example> написал(а):",
    "2024年6月3日(月) 10:00 Fernhill <support@fernhill.example>:",
    "2024年6月3日 10:00，Fernhill <support@fernhill.example> 写道：",
    "2024년 6월 3일 (월) 오전 10:00, Fernhill <support@fernhill.example>님이 작성:",
    "11:00 AM, November 17, 2021, Fernhill <support@fernhill.example>:",
    "On Wed, 14 Nov 2018 08:14:43 -0200 Fernhill <support@fernhill.example> wrote",
]

BLOCKS = [
    "From: Fernhill <support@fernhill.example>\nSent: Monday, 3 June 2024 10:00\nTo: Jane\nSubject: Your order",
    "*From:* Fernhill <support@fernhill.example>\n*Date:* Monday\n*To:* Jane\n*Subject:* Your order",
    "_______________________\nVon: Fernhill <support@fernhill.example>\nGesendet: Montag\nAn: Jane\nBetreff: Ihre",
    "De : Fernhill <support@fernhill.example>\nEnvoyé : lundi 3 juin 2024 10:00\nÀ : Jane\nObjet : Votre commande",
    "De: Fernhill <support@fernhill.example>\nEnviado: lunes, 3 de junio\nPara: Jane\nAsunto: Su pedido",
    "De: Fernhill <support@fernhill.example>\nEnviada em: 3 de junho\nPara: Jane\nAssunto: Pedido",
    "Da: Fernhill <support@fernhill.example>\nInviato: lunedì\nA: Jane\nOggetto: ordine",
    "Van: Fernhill <support@fernhill.example>\nVerzonden: maandag\nAan: Jane\nOnderwerp: bestelling",
    "Od: Fernhill <support@fernhill.example>\nWysłano: poniedziałek\nDo: Jane\nTemat: zamówienie",
    "Fra: Fernhill <support@fernhill.example>\nSendt: mandag\nTil: Jane\nEmne: ordre",
    "Från: Fernhill <support@fernhill.example>\nSkickat: måndag\nTill: Jane\nÄmne: order",
    "Lähettäjä: Fernhill <support@fernhill.example>\nLähetetty: maanantai\nVastaanottaja: Jane\nAihe: tilaus",
    "От: Fernhill <support@fernhill.example>\nДата: понедельник\nКому: Jane\nТема: заказ",
    "差出人: Fernhill <support@fernhill.example>\n送信日時: 2024年6月3日\n宛先: Jane\n件名: 注文",
    "发件人: Fernhill <support@fernhill.example>\n发送时间: 2024年6月3日\n收件人: Jane\n主题: 订单",
    "-----Original Message-----",
    "----- Ursprüngliche Nachricht -----",
    "-------- Message d'origine --------",
    "---------- Mensaje reenviado ---------",
    "-------- Oorspronkelijk bericht --------",
]


@pytest.mark.parametrize("seam", [*ATTRIBUTIONS, *BLOCKS])
def test_history_without_marks_is_split_off(seam: str) -> None:
    """Everything behind the introduction of a quoted mail is history, in every language we know."""
    found = split(f"{MINE}\n\n{seam}\n\nDear Jane, your order\nwas sent.")
    assert found.text == MINE
    assert "was sent." in found.quoted
    assert "support@fernhill.example" not in found.text


@pytest.mark.parametrize("seam", ATTRIBUTIONS)
def test_marked_history_is_split_off_and_answers_below_stay(seam: str) -> None:
    """Quoted lines go, and what stands between or below them is the answer."""
    found = split(f"{seam}\n> Which size?\n\nSize 42.\n\n> Which colour?\n\nBlue.")
    assert found.text == "Size 42.\n\nBlue."


KEPT = [
    "On Thursday, I get proper rendering.",
    "On 12.11.2026 I wrote to you and you said:\nit will come soon.",
    "Am 12.11.2026 schrieb ich Ihnen folgendes:\nDie Lieferung fehlt.",
    "I ordered three things:\n- boots\n- a tent\n- and a stove",
    "My details:\nName: Jane Doe\nOrder: FH-10001\nDate: 12.11.2026",
    "From: Berlin\nTo: Hamburg\nThat is where the parcel went.",
    "The parcel comes from: Swiftline, date: unknown, subject: to change",
    "As regards the timeline, it is late.\n\nThis is the point.",
    "Thanks, but the order is still not here. Can you look?",
    "Take it back please.",
    "The tent is torn.\n\nThanks\nAlso please cancel my subscription",
    "The tent is torn.\n\nThanks, cancel it please",
    "The tent is torn.\n\nKind regards\nJane Doe\n\nP.S. The poles are fine.",
    "The tent is torn.\n\nKind regards\nJane Doe\nOrder FH-10001",
    "The tent is torn.\n\n--\nJane Doe\nBestellnummer: 10001",
    "Best would be a refund, I think.\nOr a new one.",
    "Sent from my desk, is much easier than my phone.",
    "Key points\n----\n1. late\n2. broken\n\n----\nPlease answer both.",
    "Hello\n\nThank you for your quick answer. The tent, however, has a hole in it and I want to return it.\n\nJane",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_the_sender_wrote_is_kept(text: str) -> None:
    """Sentences, lists and addresses that merely resemble headers or closings stay in the text."""
    assert split(text).text == text


SIGNATURES = [
    "-- \nJane Doe\nExample Street 1",
    "—\nJane",
    "Best regards,\nJane Doe",
    "Kind regards\n\nJane Doe\n+44 20 7946 0958",
    "Mit freundlichen Grüßen\nJana Doe",
    "Cordialement,\nJeanne",
    "Un saludo,\nJuana",
    "Cordiali saluti\nGianna",
    "Met vriendelijke groet,\nJanneke",
    "Z poważaniem\nJanina",
    "Obrigada,\nJoana",
    "Med vänliga hälsningar\nJohanna",
    "С уважением,\nЖанна",
    "Thanks, Jane",
    "Thank you so much for your help,\nJane",
    "Vielen Dank im Voraus\nJana",
    "-Jane Doe",
    "Sent from my iPhone",
    "Von meinem iPhone gesendet",
    "Envoyé depuis mon téléphone",
    "Get Outlook for iOS<https://aka.ms/o0ukef>",
]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_signatures_are_split_off(signature: str) -> None:
    """Closings, names, address blocks and what telephones add are no part of the text."""
    found = split(f"{MINE}\n\n{signature}")
    assert found.text == MINE
    assert found.signature == signature.replace("-- ", "--")


def test_a_bare_forward_stays_whole_but_an_empty_reply_stays_empty() -> None:
    """A message whose only text is a forwarded mail is read; an answer without a word of its own is not."""
    forward = "---------- Forwarded message ---------\nFrom: Jane <jane@example.org>\nSubject: order\n\nWhere is it?"
    assert "Where is it?" in split(forward).text
    assert split(forward, reply=True).text == ""


def test_a_long_marked_line_that_was_wrapped_is_history() -> None:
    """The tail of a quoted line that transport broke is not taken for an answer."""
    long = "> " + "a quoted sentence that is long enough to be wrapped by a mail server " * 2
    assert split(f"Yes\n\nOn 1.1.2026 10:00 X wrote:\n{long}\nover two lines\n> end").text == "Yes"


def test_all_lines_are_somewhere() -> None:
    """No line of a message is lost: it is text, history or signature."""
    text = f"{MINE}\n\nBest regards,\nJane\n\n{ATTRIBUTIONS[0]}\n> old"
    found = split(text)
    together = found.text + found.quoted + found.signature
    assert all(line in together for line in text.split("\n"))
